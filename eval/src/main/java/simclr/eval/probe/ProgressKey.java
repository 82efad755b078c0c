package simclr.eval.probe;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.metrics.RecordedMetrics;
import simclr.io.Sha256;

/** A hash of all that a protocol's outcome depends on. */
public final class ProgressKey {
  private ProgressKey() {}

  /**
   * Of settings, sets, seed and versions. The features are hashed themselves: digests of images do
   * not tell at which size or precision they were encoded.
   */
  public static String of(Protocol protocol, FeatureSets sets, long seed) {
    ObjectNode all = Outcome.object().put("protocol", protocol.protocol());
    protocol.describe(all.putObject("settings"), sets);
    all.put("layer", sets.layer());
    all.put("encoder", sets.encoder().sha256().orElse(""));
    sets.classNames().forEach(all.putArray("classes")::add);
    List<LabelledFeatures> learnt = new ArrayList<>(List.of(sets.train()));
    sets.validation().ifPresent(learnt::add);
    ArrayNode each = all.putArray("sets");
    for (LabelledFeatures set : learnt) {
      each.addObject()
          .put("examples", set.examples())
          .put("data", set.digest().sha256())
          .put("features", hash(set.matrix()));
    }
    all.put("test", sets.test().digest().sha256());
    all.put("seed", seed);
    RecordedMetrics.addVersions(all);
    return Sha256.ofText(all.toString());
  }

  private static String hash(FeatureMatrix matrix) {
    Hasher hasher = Hashing.murmur3_128().newHasher();
    float[] row = new float[matrix.columns()];
    ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES);
    for (int i = 0; i < matrix.rows(); i++) {
      matrix.copyRow(i, row, 0);
      bytes.asFloatBuffer().put(row);
      hasher.putBytes(bytes.array());
    }
    return hasher.hash().toString();
  }
}
