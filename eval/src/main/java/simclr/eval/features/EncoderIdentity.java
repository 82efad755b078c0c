package simclr.eval.features;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * What made the representations.
 *
 * @param kind of it
 * @param path where it lies
 * @param sha256 of its weights, in hexadecimal
 * @param step of the training that it comes from
 * @param architecture in words
 */
public record EncoderIdentity(
    Kind kind,
    Optional<String> path,
    Optional<String> sha256,
    OptionalLong step,
    Optional<String> architecture) {

  /** Where representations can come from. */
  public enum Kind {
    CHECKPOINT,
    EXPORT,
    RANDOM_INIT,
    RAW_PIXELS,
    FEATURES
  }

  /** Features that somebody else made. */
  static EncoderIdentity ofFeatures(String path) {
    return new EncoderIdentity(
        Kind.FEATURES, Optional.of(path), Optional.empty(), OptionalLong.empty(), Optional.empty());
  }
}
