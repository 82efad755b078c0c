package simclr.eval.probe;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import simclr.config.Reporter;
import simclr.eval.features.FeatureSets;
import simclr.eval.features.FeatureSource;

/** Sets that are there already, by the name of their layer. */
public record GivenFeatures(ImmutableMap<String, FeatureSets> byLayer) implements FeatureSource {

  /** The same sets under the name of every layer. */
  public static GivenFeatures of(FeatureSets sets, String... layers) {
    return new GivenFeatures(
        ImmutableList.copyOf(layers).stream()
            .collect(ImmutableMap.toImmutableMap(Function.identity(), layer -> sets)));
  }

  @Override
  public Optional<ImmutableList<FeatureSets>> load(
      List<String> wanted, Reporter reporter, BooleanSupplier stop) {
    return Optional.of(wanted.stream().map(this::named).collect(ImmutableList.toImmutableList()));
  }

  private FeatureSets named(String layer) {
    FeatureSets sets = Optional.ofNullable(byLayer.get(layer)).orElseThrow();
    return new FeatureSets(
        layer,
        sets.encoder(),
        sets.dataset(),
        sets.train(),
        sets.validation(),
        sets.test(),
        sets.classNames(),
        ImmutableMap.of());
  }

  @Override
  public ImmutableList<String> layers() {
    return byLayer.keySet().asList();
  }

  @Override
  public Optional<Path> defaultOutput(String name) {
    return Optional.empty();
  }

  @Override
  public Map<String, ?> flags() {
    return Map.of();
  }

  @Override
  public String label() {
    return "";
  }

  @Override
  public String layer(Optional<String> asked) {
    return asked.orElse(layers().get(0));
  }

  @Override
  public void close() {}
}
