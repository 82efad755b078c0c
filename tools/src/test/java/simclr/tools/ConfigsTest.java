package simclr.tools;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import simclr.config.RunConfig;

/** Every file of configs/ is read, says what it is, and can be given to the reference too. */
final class ConfigsTest {
  private static final Path CONFIGS =
      Path.of(System.getProperty("simclr.testdata", "testdata")).resolveSibling("configs");

  /** Files of this program only say so in their name. */
  private static final String OURS = "java-";

  private static final int FLAGS_OF_THE_REFERENCE = 48;

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(CONFIGS)) {
      return files.filter(file -> file.toString().endsWith(".flags")).toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void commandLineTakesTheFile(Path file) {
    RunConfig config = RunFlagsTest.parse("--flagfile=" + file);
    assertThat(config).isNotEqualTo(RunConfig.defaults());
  }

  @ParameterizedTest
  @MethodSource("files")
  void fileOpensWithSourceCostAndWhatItReaches(Path file) throws IOException {
    String head =
        Files.readAllLines(file).stream()
            .takeWhile(line -> line.startsWith("# "))
            .collect(joining("\n"));
    assertThat(head).containsSubsequence("\n# Source: ", "\n# Cost: ", "\n# Reaches: ");
  }

  @ParameterizedTest
  @MethodSource("files")
  void otherLinesAreFlagsOfTheReference(Path file) throws IOException {
    Set<String> known =
        RunConfig.flags().stream()
            .limit(
                file.getFileName().toString().startsWith(OURS)
                    ? RunConfig.flags().size()
                    : FLAGS_OF_THE_REFERENCE)
            .map(RunConfig::flagName)
            .collect(Collectors.toSet());
    List<String> flags =
        Files.readAllLines(file).stream().filter(line -> !line.startsWith("#")).toList();
    assertThat(flags)
        .isNotEmpty()
        .allMatch(line -> line.matches("--\\w+=\\S+"))
        .allMatch(line -> known.contains(line.substring(2, line.indexOf('='))))
        .doesNotHaveDuplicates();
  }
}
