package loyalty;

import java.nio.file.Files;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.Stores;

/** The loyalty rules on Kafka Streams: exactly_once_v2, one thread, in-memory stores with changelogs. */
public final class LoyaltyApp {
    /** Result topic by the name of its sink. */
    private static final Map<String, String> RESULTS = Map.of(
            Scoring.EARNED, "rewards.earned",
            Scoring.ACCEPTED, "actions.accepted",
            Scoring.DECLINED, "actions.declined",
            Scoring.TIERS, "tier.changed",
            Scoring.ACHIEVEMENTS, "achievements.unlocked");

    private LoyaltyApp() {}

    public static void main(String[] args) throws Exception {
        var prefix = System.getenv().getOrDefault("LAUREL_TOPIC_PREFIX", "");
        var streams = new KafkaStreams(topology(prefix), settings(prefix));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    private static Properties settings(String prefix) throws Exception {
        var settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, prefix + "loyalty-streams");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getenv("LAUREL_KAFKA"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("loyalty").toString());
        return settings;
    }

    static Topology topology(String prefix) {
        var topology = new Topology();
        topology.addSource(
                "actions", new StringDeserializer(), Json.deserializer(Action.class), prefix + "actions");
        topology.addProcessor("scoring", Scoring::new, "actions");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                        Stores.inMemoryKeyValueStore(Scoring.ACCOUNTS),
                        Serdes.String(),
                        Json.serde(Account.class)),
                "scoring");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                        Stores.inMemoryKeyValueStore(Scoring.SEEN), Serdes.String(), Serdes.Long()),
                "scoring");
        RESULTS.forEach((sink, topic) -> topology.addSink(
                sink, prefix + topic, new StringSerializer(), Json.serializer(), "scoring"));
        return topology;
    }
}
