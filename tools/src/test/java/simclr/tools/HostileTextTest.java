package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Input whose text is long, moves a terminal's cursor, or cannot be part of a path. */
final class HostileTextTest {
  private static final String LONG = "\u001b[2J" + "x".repeat(25_000);
  private static final String RUN = "run --dataset=synthetic --image_size=32 --model_dir=DIR/run";

  @TempDir Path dir;

  static Stream<Arguments> texts() {
    return Stream.of(
        file(2, "a flag file's line", "in.flags", LONG, "run --flagfile=DIR/in.flags"),
        file(2, "a flag's value", "in.flags", "--seed=" + LONG, "run --flagfile=DIR/in.flags"),
        file(
            2,
            "a flag's name",
            "in.flags",
            "--" + "x".repeat(25_000) + "=1",
            "run --flagfile=DIR/in.flags"),
        file(2, "a sweep's line", "in.sweep", LONG, "sweep DIR/in.sweep --output=DIR/out"),
        file(
            2,
            "a sweep's key",
            "in.sweep",
            "k" + "x".repeat(25_000) + " = 1",
            "sweep DIR/in.sweep --output=DIR/out"),
        file(65, "flags.json", "run/flags.json", "{\"seed\": " + LONG, RUN),
        file(65, "predictions", "p/predictions.csv", LONG, "compare DIR/p DIR/p"),
        file(
            65,
            "dataset_info.json",
            "d/toy/1.0.0/dataset_info.json",
            "{\"fileFormat\": \"" + "x".repeat(25_000) + "\"}",
            "run --dataset=toy --data_dir=DIR/d --model_dir=DIR/run"),
        file(
            65,
            "dataset_info.json that is none",
            "d/toy/1.0.0/dataset_info.json",
            "{" + LONG,
            "run --dataset=toy --data_dir=DIR/d --model_dir=DIR/run"),
        file(65, "a list of images", "list", LONG, RUN + " --train_subset=DIR/list"),
        file(
            65,
            "an npy header",
            "x.npy",
            npy("{'descr': '" + LONG + "', 'fortran_order': False, 'shape': (1, 1), }"),
            "probe knn --train_features=DIR/x.npy --train_labels=DIR/x.npy --test_features=DIR/x.npy --test_labels=DIR/x.npy"),
        file(
            65,
            "an npy header of nothing",
            "x.npy",
            npy(LONG),
            "probe knn --train_features=DIR/x.npy --train_labels=DIR/x.npy --test_features=DIR/x.npy --test_labels=DIR/x.npy"),
        file(
            2,
            "NUL in a flag of a flag file",
            "in.flags",
            "--model_dir=a\0b",
            "pretrain --dataset=synthetic --flagfile=DIR/in.flags"),
        file(
            2,
            "NUL in a folder's name",
            "in.flags",
            "--dataset=folder:a\0b",
            RUN + " --flagfile=DIR/in.flags"),
        file(
            2,
            "NUL in a data directory",
            "in.flags",
            "--data_dir=a\0b",
            "run --dataset=toy --model_dir=DIR/run --flagfile=DIR/in.flags"),
        file(
            2,
            "NUL in a flag file's name",
            "in.flags",
            "--flagfile=a\0b",
            RUN + " --flagfile=DIR/in.flags"),
        file(
            2,
            "NUL in a list's name",
            "in.flags",
            "--train_subset=a\0b",
            RUN + " --flagfile=DIR/in.flags"),
        file(
            2,
            "NUL in an option",
            "in.flags",
            "--output=a\0b",
            "embed DIR/e --flagfile=DIR/in.flags"),
        file(
            65,
            "NUL in a template",
            "d/toy/1.0.0/dataset_info.json",
            "{\"name\": \"toy\", \"splits\": [{\"name\": \"train\", \"shardLengths\": [\"1\"], \"filepathTemplate\": \"a\\u0000b\"}]}",
            "run --dataset=toy --data_dir=DIR/d --model_dir=DIR/run"),
        file(
            65,
            "NUL in a data set's name",
            "d/toy/1.0.0/dataset_info.json",
            "{\"name\": \"t\\u0000y\", \"splits\": [{\"name\": \"train\", \"shardLengths\": [\"1\"]}]}",
            "run --dataset=toy --data_dir=DIR/d --model_dir=DIR/run"),
        file(
            66,
            "NUL in a state file",
            "m/checkpoint",
            "model_checkpoint_path: \"a\\000b\"",
            "export --model_dir=DIR/m --output=DIR/o"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("texts")
  void isOneShortLineWithoutControlCharacters(
      int status, String what, String name, byte[] content, String command) throws IOException {
    Path file = dir.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
    Outcome outcome = Outcome.of(command.replace("DIR", dir.toString()).split(" "));
    assertThat(outcome.status()).as(outcome.err()).isEqualTo(status);
    List<String> lines = outcome.err().lines().toList();
    assertThat(lines.get(lines.size() - 1)).startsWith("simclr: ");
    assertThat(lines).allSatisfy(line -> assertThat(line).hasSizeLessThan(1000));
    assertThat(outcome.err().chars().filter(c -> c != '\n' && Character.isISOControl(c))).isEmpty();
  }

  private static Arguments file(
      int status, String what, String name, String content, String command) {
    return file(status, what, name, content.getBytes(StandardCharsets.UTF_8), command);
  }

  private static Arguments file(
      int status, String what, String name, byte[] content, String command) {
    return Arguments.arguments(status, what, name, content, command);
  }

  private static byte[] npy(String header) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    bytes.write(header.length() & 0xFF);
    bytes.write(header.length() >> 8);
    bytes.writeBytes(header.getBytes(StandardCharsets.UTF_8));
    return bytes.toByteArray();
  }
}
