package simclr.tools;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.tools.mutants.Mutants;
import simclr.tools.mutants.Texts;

/** A file of flags, read by the command that it is for. */
final class FlagFileMutantsTest {
  @TempDir Path dir;

  @Test
  void flagFile() throws Exception {
    String whole =
        """
        # a run
        --dataset=synthetic
        --train_batch_size=64
        --temperature=0.1
        --use_blur=False
        --model_dir=run
        --seed=7
        --optimizer=lars
        --train_epochs=3
        """;
    Path file = dir.resolve("flags");
    Mutants.of("flag file", whole.getBytes(StandardCharsets.UTF_8))
        .check(
            Texts::words,
            bytes -> {
              Files.write(file, bytes);
              // There is no such data set: a run ends once its flags are read.
              Outcome outcome =
                  Outcome.of("run", "--flagfile=" + file, "--model_dir=" + dir, "--dataset=absent");
              return outcome.err().contains("--data_dir is missing") ? "read" : refused(outcome);
            });
  }

  private static Object refused(Outcome outcome) {
    List<Integer> ofInput = List.of(2, 65, 66);
    if (!ofInput.contains(outcome.status()) || outcome.err().lines().count() != 1) {
      throw new IllegalStateException(outcome.toString());
    }
    return new Mutants.Refused(Integer.toString(outcome.status()), outcome.err().strip());
  }
}
