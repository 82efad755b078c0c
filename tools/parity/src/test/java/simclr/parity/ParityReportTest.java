package simclr.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** Files are checked at once and reported one after the other. */
final class ParityReportTest {

  @Test
  void filesAreReportedInTheOrderGiven() {
    List<Path> paths =
        Stream.of("schedule-lr", "metrics-mean", "metrics-special", "schedule-steps")
            .map(GoldenFilesTest::golden)
            .toList();
    List<FileReport> told = new ArrayList<>();
    ParityReport report = ParityReport.check(paths, told::add);
    assertThat(told).isEqualTo(report.files());
    assertThat(told)
        .extracting(FileReport::file)
        .containsExactlyElementsOf(paths.stream().map(Path::toString).toList());
    assertThat(report.holds()).isTrue();
  }

  @Test
  void fileThatIsRefusedEndsTheCheckWithItsReason(@TempDir Path directory) throws IOException {
    ObjectMapper json = new ObjectMapper();
    ObjectNode file =
        (ObjectNode) json.readTree(GoldenFilesTest.golden("metrics-special").toFile());
    file.put("surprise", 1);
    Path refused = Files.write(directory.resolve("refused.json"), json.writeValueAsBytes(file));
    Path good = GoldenFilesTest.golden("metrics-mean");
    List<FileReport> told = new ArrayList<>();
    assertThatThrownBy(() -> ParityReport.check(List.of(good, refused, good), told::add))
        .isInstanceOfSatisfying(
            UserException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
        .hasMessageContaining("surprise");
    assertThat(told).extracting(FileReport::file).containsExactly(good.toString());
  }
}
