package simclr.export.convert;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import simclr.checkpoint.CheckpointKeys;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;
import simclr.export.convert.ConversionRequest.Form;
import simclr.export.inspect.OperationScan;
import simclr.export.weights.InferredModel;
import simclr.export.weights.SavedModelFile;
import simclr.export.weights.WeightSource;
import simclr.export.weights.WeightSource.Kind;
import simclr.io.PendingDirectory;
import simclr.model.VariableSpec;

/**
 * Converts weights: reads names and shapes, infers the model from them, passes the values through
 * it, and makes sure that what was written computes what was read. No foreign graph is run.
 */
public final class Conversion {
  private static final double TOLERANCE = 1e-6;
  private static final String NO_PLACE = "torchvision's ResNets have no such layer";

  private final ConversionRequest request;
  private final Target target;

  private Conversion(ConversionRequest request) {
    this.request = request;
    this.target = Target.of(request.to());
  }

  /**
   * Converts.
   *
   * @param say told what is read, before it takes time
   * @throws UserException NO_INPUT if there is nothing to convert; DATA if it is corrupt or
   *     truncated, of no known architecture or incomplete; CANNOT_WRITE if the output exists or
   *     cannot be written. Nothing is written then
   */
  public static ConversionReport run(ConversionRequest request, Consumer<String> say) {
    return new Conversion(request).run(say);
  }

  private ConversionReport run(Consumer<String> say) {
    WeightSource source = open(say);
    InferredModel found = InferredModel.of(source);
    say.accept(String.format(Locale.ROOT, "%s: %s", source, found));
    Matching matching = Matching.of(source, found, request.keepsSlots());
    InferredModel written = target.fitting(found);
    long step = source.step().orElse(0);
    requireFree(request.output());
    try (PendingDirectory output = PendingDirectory.begin(request.output())) {
      Forward before;
      try (WeightGraph graph = WeightGraph.open(found, matching.slots().keySet(), step)) {
        graph.restore(source.file(), matching.keys(source));
        before = graph.forward();
        target.write(graph, written, step, source.toString(), output.path());
      }
      Forward after = target.readBack(output.path(), written);
      double difference = before.differenceTo(after);
      if (!(difference <= TOLERANCE)) {
        throw new UserException(
            ExitCode.INTERNAL,
            "the converted model differs from %s by %s on fixed images, expected at most %s;"
                + " nothing is written",
            request.from(),
            difference,
            TOLERANCE);
      }
      output.publish();
      return report(source, found, written, matching, step, difference, after);
    }
  }

  private static void requireFree(Path output) {
    boolean mayReplace = PendingDirectory.isUnconfirmed(output);
    PendingDirectory.removeAbandoned(output);
    if (!isFree(output) && !mayReplace) {
      throw new UserException(
          ExitCode.CANNOT_WRITE,
          "--output is %s, which exists and is not empty; expected a new directory",
          output);
    }
  }

  private static boolean isFree(Path output) {
    if (!Files.isDirectory(output)) {
      return !Files.exists(output, LinkOption.NOFOLLOW_LINKS);
    }
    try (Stream<Path> files = Files.list(output)) {
      return files.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  private WeightSource open(Consumer<String> say) {
    if (SavedModelFile.isIn(request.from())) {
      OperationScan.requireHarmless(request.from());
    }
    WeightSource source = WeightSource.open("--from", request.from(), request.ema(), say);
    boolean same =
        (request.to() == Form.TF2 && source.kind() == Kind.TF2_CHECKPOINT)
            || (request.to() == Form.TF1 && source.kind() == Kind.TF1_CHECKPOINT && !request.ema());
    if (same) {
      throw new UserException(
          ExitCode.USAGE,
          "--to is %s and %s is a %s already, expected another form",
          request.to().name().toLowerCase(Locale.ROOT),
          source.path(),
          source.kind().title());
    }
    return source;
  }

  private ConversionReport report(
      WeightSource source,
      InferredModel found,
      InferredModel written,
      Matching matching,
      long step,
      double difference,
      Forward after) {
    ImmutableMap<String, String> names = target.names(written.variables());
    Map<String, String> mapped = new LinkedHashMap<>();
    ImmutableList.Builder<Ignored> ignored = ImmutableList.builder();
    matching
        .variables()
        .forEach(
            (spec, name) -> {
              String to = names.get(spec.checkpointKey());
              if (to == null) {
                ignored.add(new Ignored(name, NO_PLACE));
              } else {
                mapped.put(name, to);
              }
            });
    matching
        .slots()
        .forEach(
            (spec, name) -> {
              if (names.containsKey(spec.checkpointKey())) {
                mapped.put(name, slotName(spec, names.getOrDefault(spec.checkpointKey(), "")));
              } else {
                ignored.add(new Ignored(name, NO_PLACE));
              }
            });
    source.stepName().ifPresent(name -> mapped.put(name, "global_step"));
    ignored.addAll(matching.ignored());
    return new ConversionReport(
        source.toString(),
        request.output().toString(),
        found.toString(),
        step,
        ImmutableMap.copyOf(mapped),
        ignored.build(),
        notes(source, found, matching),
        difference,
        after.outputs().values().stream().mapToLong(values -> values.length).sum());
  }

  private String slotName(VariableSpec spec, String name) {
    return switch (request.to()) {
      case TF1 -> name + "/Momentum";
      case TF2 -> CheckpointKeys.slot(spec, "Momentum");
      case SAFETENSORS -> name + ".momentum";
    };
  }

  private ImmutableList<String> notes(WeightSource source, InferredModel found, Matching matching) {
    ImmutableList.Builder<String> notes = ImmutableList.builder();
    if (source.kind().tf1Names() && !matching.slots().isEmpty()) {
      notes.add(
          "TF1 calls the slots of LARS and of momentum alike; these are taken for LARS', give"
              + " --slots=drop if the run used --optimizer=momentum");
    }
    if (source.stepName().isEmpty()) {
      notes.add("the source has no step counter; the step is 0");
    }
    if (found.architecture().projLayers() == 0) {
      notes.add("the model has no projection head: --proj_head_mode=none goes with it");
    }
    if (found.numClasses() == 0) {
      notes.add("the model has no supervised head; a run that wants one starts it anew");
    }
    if (found.config().resnetDepth() < 50 && request.to() == Form.SAFETENSORS) {
      notes.add(
          String.format(
              Locale.ROOT,
              "layer1.0.downsample is in no stock torchvision ResNet-%s; add it to load the file",
              found.config().resnetDepth()));
    }
    return notes.build();
  }
}
