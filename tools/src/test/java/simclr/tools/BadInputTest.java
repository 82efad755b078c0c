package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Data and directories that are not what the flags say, seen from the command line. */
final class BadInputTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "--dataset=folder:DIR/none => 66 => DIR/none is missing, expected a folder of images",
        "--dataset=folder:DIR/empty => 66 => DIR/empty holds no images",
        "--dataset=cifar10_binary:DIR/none => 66 => DIR/none",
        "--dataset=cifar10 --data_dir=DIR/none => 66 => DIR/none/cifar10 is missing",
        "--dataset=cifar10 => 2 => --data_dir is missing",
        "--train_split=tarin => 2 => split \"tarin\" is unknown, expected one of train, test",
        "--train_split=train[:0] => 2 => split \"train[:0]\" has no examples",
        "--mode=train_then_eval --eval_split=tset => 2 => split \"tset\" is unknown",
        "--train_batch_size=4001 => 2 => --train_batch_size is 4001, expected at most the 4000",
        "--mode=eval --model_dir=DIR/none => 66 => --model_dir DIR/none is missing",
        "--model_dir=gs://b/x => 2 => --model_dir is \"gs://b/x\", expected a path of this machine",
        "--model_dir=~you/x => 2 => --model_dir is \"~you/x\", expected ~/PATH",
        "--dataset=folder:s3://b/x => 2 => --dataset is \"s3://b/x\", expected a path of this",
        "--dataset=cifar10 --data_dir=hdfs://b/x => 2 => --data_dir is \"hdfs://b/x\", expected",
        "--train_subset=gs://b/x => 2 => --train_subset is \"gs://b/x\", expected a path",
        "--flagfile=gs://b/x => 2 => --flagfile is \"gs://b/x\", expected a path",
      })
  void inputThatIsNotThereOrDoesNotFitIsNamed(String flags, int status, String sentence)
      throws IOException {
    Files.createDirectory(dir.resolve("empty"));
    String common =
        "run --dataset=synthetic --image_size=32 --resnet_depth=18 --model_dir=DIR/run ";
    Outcome outcome = Outcome.of((common + flags).replace("DIR", dir.toString()).split(" "));
    assertThat(outcome.err().lines().reduce("", (before, last) -> last))
        .startsWith("simclr: ")
        .contains(sentence.replace("DIR", dir.toString()));
    assertThat(outcome.status()).isEqualTo(status);
    assertThat(outcome.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect gs://b/x", "report gs://b/x", "embed gs://b/x --output=F.npy"})
  void argumentsOfOtherFileSystemsAreRefused(String line) {
    Outcome outcome = Outcome.of(line.split(" "));
    assertThat(outcome.err()).contains("\"gs://b/x\", expected a path of this machine");
    assertThat(outcome.status()).isEqualTo(2);
  }

  /** PowerShell writes the last one. */
  @ParameterizedTest
  @ValueSource(strings = {"UTF-8", "UTF-16BE", "UTF-16LE"})
  void flagFileMayBeginWithAByteOrderMark(String charset) throws IOException {
    Path file = dir.resolve("bom.flags");
    Files.writeString(
        file, "\uFEFF--dataset=synthetic\r\n--temperature=0\r\n", Charset.forName(charset));
    Outcome outcome = Outcome.of("run", "--flagfile=" + file, "--model_dir=" + dir.resolve("run"));
    assertThat(outcome.err())
        .isEqualTo("simclr: --temperature is 0.0, expected a finite value above 0\n");
  }

  @Test
  void missingModelDirectoryIsNamed() {
    Outcome outcome = Outcome.of("pretrain", "--dataset=synthetic");
    assertThat(outcome.err()).isEqualTo("simclr: --model_dir is missing, expected a directory\n");
    assertThat(outcome.status()).isEqualTo(2);
  }
}
