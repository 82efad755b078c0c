package simclr.eval.features;

import com.google.common.collect.ImmutableList;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import simclr.config.Reporter;

/** Where a probe's examples come from. */
public interface FeatureSource extends AutoCloseable {
  /** The name of the only representation of ready features. */
  String READY = "features";

  /**
   * Reads, or makes, representations.
   *
   * @param layers names of those wanted, which {@link #layers} resolves
   * @param reporter told how far it is
   * @param stop asked between batches
   * @return one for each layer, in that order; empty if it was stopped
   * @throws simclr.config.UserException for what is missing, broken or does not fit
   */
  Optional<ImmutableList<FeatureSets>> load(
      List<String> layers, Reporter reporter, BooleanSupplier stop);

  /** Names of all representations that it has, from the input on. */
  ImmutableList<String> layers();

  /**
   * Where results are written unless a directory is given.
   *
   * @param name of the evaluation
   * @return empty where no directory belongs to it
   */
  Optional<Path> defaultOutput(String name);

  /** The flags that it was made from, by name, for the record. */
  java.util.Map<String, ?> flags();

  /** The name of the encoder's kind where results of several lie beside each other, else empty. */
  String label();

  /**
   * The representation that a name means.
   *
   * @param asked empty for the usual one: h where there is h
   * @throws simclr.config.UserException DATA if there is none of that name
   */
  String layer(Optional<String> asked);

  @Override
  void close();
}
