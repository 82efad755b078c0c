package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Words of {@code serve} and {@code embed} that do not fit. */
final class ServeAndEmbedTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "serve => 2 => argument <model_dir> is missing or has no value, expected <model_dir>",
        "serve DIR --port=65536 => 2 => --port is 65536, expected 0 to 65535",
        "serve DIR --port=x => 2 => Invalid value for option '--port'",
        "serve DIR --model_name=a/b"
            + " => 2 => --model_name is \"a/b\", expected letters, digits, _, . and -",
        "serve DIR --max_batch_size=0 => 2 => --max_batch_size is 0, expected 1 to 4096",
        "serve DIR --batch_timeout_micros=-1"
            + " => 2 => --batch_timeout_micros is -1, expected 0 to 60000000",
        "serve DIR --max_enqueued_batches=0"
            + " => 2 => --max_enqueued_batches is 0, expected 1 to 1000",
        "serve DIR --file_system_poll_wait_seconds=0"
            + " => 2 => --file_system_poll_wait_seconds is 0.0, expected more than 0",
        "serve DIR --max_body_mib=2000 => 2 => --max_body_mib is 2000, expected 1 to 1024",
        "serve DIR --max_batch=3 => 2 => --max_batch is not a flag of serve",
        "serve DIR => 66 => DIR holds no export, expected saved_model.pb or directories of",
        "serve DIR/none => 66 => DIR/none is missing, expected the directory of an export",
        "embed DIR --output=o.npy => 2 => --data_dir is missing, expected a folder of images",
        "embed DIR --data_dir=DIR => 2 => --output is missing or has no value, expected <file>",
        "embed DIR --data_dir=DIR --output=o.txt"
            + " => 2 => --output is o.txt, expected a name that ends in .npy or .csv",
        "embed DIR --data_dir=DIR --output=o.npy --batch_size=0"
            + " => 2 => --batch_size is 0, expected 1 to 4096",
        "embed DIR --data_dir=DIR --output=o.npy => 66 => DIR holds no export",
      })
  void mistakeIsOneSentence(String line, int status, String sentence) {
    Outcome outcome = Outcome.of(line.replace("DIR", dir.toString()).split(" "));
    assertThat(outcome.err()).startsWith("simclr: " + sentence.replace("DIR", dir.toString()));
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.status()).isEqualTo(status);
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  void helpNamesTheDefaults() {
    assertThat(Outcome.of("serve", "--help").out()).contains("--port=<int>").contains("8501");
    assertThat(Outcome.of("embed", "--help").out()).contains("--split").contains("train[:90%]");
  }
}
