package simclr.tools.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.checkpoint.FlagsFile;
import simclr.checkpoint.ModelDir;
import simclr.config.RunConfig;
import simclr.io.TfRecordFile;
import simclr.summary.EventWriter;
import simclr.summary.ScalarHistory;
import simclr.summary.Tag;

/** What a run leaves in its directory beside checkpoints. */
final class RunFilesMutantsTest {
  @TempDir Path dir;

  @Test
  void flagsJson() throws Exception {
    RunConfig config =
        RunConfig.of(Map.of("dataset", "synthetic", "model_dir", "run", "seed", "1"));
    Mutants.of("flags.json", FlagsFile.content(config))
        .check(
            Texts::json,
            bytes -> {
              Files.write(dir.resolve(FlagsFile.NAME), bytes);
              FlagsFile file = FlagsFile.read(dir).orElseThrow();
              return List.of(file.differences(config), file.seed(), RunConfig.of(file.flags()));
            });
  }

  @Test
  void stateFile() throws Exception {
    try (SmallCheckpoint checkpoint = new SmallCheckpoint()) {
      checkpoint.write(dir.resolve("ckpt-4"), SmallCheckpoint.objectGraph());
      checkpoint.write(dir.resolve("ckpt-8"), SmallCheckpoint.objectGraph());
    }
    String whole =
        """
        model_checkpoint_path: "ckpt-8"
        all_model_checkpoint_paths: "ckpt-4"
        all_model_checkpoint_paths: "ckpt-8"
        all_model_checkpoint_timestamps: 1795477442.7275462
        all_model_checkpoint_timestamps: 1795477452.3152938
        last_preserved_timestamp: 1795477395.660504
        """;
    Mutants.of("state file", whole.getBytes(StandardCharsets.UTF_8))
        .check(
            Texts::words,
            bytes -> {
              Files.write(dir.resolve("checkpoint"), bytes);
              List<String> warnings = new ArrayList<>();
              try (ModelDir modelDir = ModelDir.lock(dir, 2)) {
                assertThat(modelDir.latest(warnings::add)).isPresent();
              }
              Optional<Path> latest = ModelDir.latestPrefix(dir);
              // A run goes on from what lies in the directory.
              return warnings.isEmpty()
                  ? latest
                  : new Mutants.Refused("warned of", String.join(" ", warnings));
            });
  }

  /** A record that a kill has cut off ends the file: what is read may be less, not other. */
  @Test
  void eventFileWhoseChecksumsTell() throws Exception {
    byte[] whole = events();
    Set<?> all = curves(whole);
    Mutants.of("event file", whole)
        .check(
            Bytes::mutate,
            bytes -> {
              Set<?> read = curves(bytes);
              if (!all.containsAll(read)) {
                throw new IllegalStateException("silently read: " + read);
              }
              return read.equals(all) ? all : new Mutants.Refused("read in part", "cut off");
            });
  }

  @Test
  void eventsUnderRightChecksums() throws Exception {
    byte[] whole = events();
    List<byte[]> records = records(whole);
    Mutants.of("event file, checksums right", whole)
        .check((bytes, random) -> changedRecord(records, random), this::curves);
  }

  private static byte[] changedRecord(List<byte[]> records, SplittableRandom random) {
    int changed = random.nextInt(records.size());
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try {
      for (int i = 0; i < records.size(); i++) {
        byte[] record = records.get(i);
        TfRecordFile.append(file, i == changed ? Protos.mutate(record, random) : record);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file.toByteArray();
  }

  private List<byte[]> records(byte[] events) throws IOException {
    try (TfRecordFile file = TfRecordFile.open(write(events))) {
      return Stream.generate(file::next).takeWhile(Objects::nonNull).toList();
    }
  }

  private byte[] events() throws IOException {
    Path elsewhere = dir.resolve("elsewhere");
    try (EventWriter writer = EventWriter.in(elsewhere)) {
      for (int step = 1; step <= 4; step++) {
        writer.scalar(step, Tag.TOTAL_LOSS, 1f / step);
        writer.scalar(step, Tag.LEARNING_RATE, step);
      }
      writer.flush();
      return Files.readAllBytes(writer.file());
    }
  }

  private Set<?> curves(byte[] events) throws IOException {
    write(events);
    ScalarHistory history = ScalarHistory.of(dir);
    return Stream.of(Tag.TOTAL_LOSS, Tag.LEARNING_RATE)
        .flatMap(tag -> history.curve(tag).entrySet().stream().map(point -> tag + " " + point))
        .collect(Collectors.toSet());
  }

  private Path write(byte[] events) throws IOException {
    return Files.write(dir.resolve("events.out.tfevents.1.host.1.0.v2"), events);
  }
}
