package simclr.export.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;

/** Which directory a path to an export means. */
final class ExportDirectoryTest {
  @TempDir private Path base = Path.of("");

  @Test
  void zerosInFrontAreTakenAsTensorFlowServingDoes() throws IOException {
    version("9");
    Path newest = version("00000123");
    assertThat(ExportDirectory.newest(base)).isEqualTo(newest);
    assertThat(ExportDirectory.number(newest)).isEqualTo(123);
    assertThat(ExportDirectory.versions(base).keySet()).containsExactly(9L, 123L);
  }

  @Test
  void shorterOfTwoNamesForOneNumberCounts() throws IOException {
    version("0007");
    Path shorter = version("7");
    version("007");
    assertThat(ExportDirectory.newest(base)).isEqualTo(shorter);
  }

  @Test
  void whatIsNoNumberIsNoVersion() throws IOException {
    for (String name : new String[] {"0", "000", "-1", "1.0", "1234567890123456789", "v1", "٣"}) {
      version(name);
    }
    assertThat(ExportDirectory.versions(base)).isEmpty();
  }

  @Test
  void fileIsNamedAsOne() throws IOException {
    Path file = version("200").resolve(ExportDirectory.SAVED_MODEL);
    assertThatThrownBy(() -> ExportDirectory.newest(file))
        .isInstanceOf(UserException.class)
        .hasMessage(file + " is a file, expected the directory of an export");
    assertThatThrownBy(() -> ExportDirectory.newest(base.resolve("none")))
        .isInstanceOf(UserException.class)
        .hasMessage(base.resolve("none") + " is missing, expected the directory of an export");
  }

  @Test
  void baseDirectoryMeansItsNewestVersionAndAnyOtherPathItself() throws IOException {
    version("1");
    Path newest = version("2");
    Files.createDirectory(base.resolve("3")); // not an export
    assertThat(ExportDirectory.versionOrSelf(base)).isEqualTo(newest);
    assertThat(ExportDirectory.versionOrSelf(newest)).isEqualTo(newest);
    assertThat(ExportDirectory.versionOrSelf(base.resolve("3"))).isEqualTo(base.resolve("3"));
    assertThat(ExportDirectory.versionOrSelf(base.resolve("ckpt-1")))
        .isEqualTo(base.resolve("ckpt-1"));
  }

  private Path version(String name) throws IOException {
    Path version = Files.createDirectory(base.resolve(name));
    Files.createFile(version.resolve(ExportDirectory.SAVED_MODEL));
    return version;
  }
}
