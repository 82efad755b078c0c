package simclr.eval.probe;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import simclr.eval.features.FeatureMatrix;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.LabelledFeatures;
import simclr.eval.record.EncoderInfo;
import simclr.eval.record.Provenance.Versions;
import simclr.eval.record.RecordJson;
import simclr.eval.record.SplitInfo;
import simclr.io.Sha256;

/**
 * All that a protocol's outcome depends on. The features are hashed themselves: digests of images
 * do not tell at which size or precision they were encoded.
 */
record ProgressKey(
    String protocol,
    Object settings,
    String layer,
    EncoderInfo encoder,
    List<String> classes,
    List<Learnt> sets,
    SplitInfo test,
    long seed,
    Versions versions) {

  /** Examples that are learnt from. */
  private record Learnt(SplitInfo examples, String features) {
    static Learnt of(LabelledFeatures set) {
      return new Learnt(set.info(), hash(set.matrix()));
    }
  }

  /** A hash of it, in hexadecimal. */
  static String of(Protocol protocol, FeatureSets sets, long seed) {
    List<Learnt> learnt = new ArrayList<>(List.of(Learnt.of(sets.train())));
    sets.validation().map(Learnt::of).ifPresent(learnt::add);
    ProgressKey all =
        new ProgressKey(
            protocol.protocol(),
            protocol.settings(sets),
            sets.layer(),
            sets.encoder(),
            sets.classNames(),
            learnt,
            sets.test().info(),
            seed,
            Versions.current());
    return Sha256.ofText(RecordJson.tree(all).toString());
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
