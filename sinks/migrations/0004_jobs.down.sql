DROP INDEX rank_history_of_board, achievements_badges;
