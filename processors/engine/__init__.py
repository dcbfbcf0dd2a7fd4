"""The engine: pure rules. It decides actions and knows neither clock nor network."""

from processors.engine.bind import bind
from processors.engine.check import Problem, check
from processors.engine.decide import decide
from processors.engine.decision import Decision
from processors.engine.rulebook import RuleBook
from processors.engine.rules import Rules

__all__ = ["Decision", "Problem", "RuleBook", "Rules", "bind", "check", "decide"]
