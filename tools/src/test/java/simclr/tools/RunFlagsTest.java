package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Mode;
import simclr.config.RunConfig.TrainMode;

/** How flags are written, and that the later one holds. */
final class RunFlagsTest {
  @TempDir Path dir;

  @Test
  void valueFollowsAnEqualsSignOrABlank() {
    assertThat(parse("--temperature=0.5").temperature()).isEqualTo(0.5);
    assertThat(parse("--temperature", "0.5").temperature()).isEqualTo(0.5);
    assertThat(parse("--ft_proj_selector", "-1").ftProjSelector()).isEqualTo(-1);
  }

  @Test
  void booleansAreWrittenAsAbslWritesThem() {
    assertThat(parse("--nouse_blur").useBlur()).isFalse();
    assertThat(parse("--use_blur=False").useBlur()).isFalse();
    assertThat(parse("--use_blur=f").useBlur()).isFalse();
    assertThat(parse("--use_blur=0").useBlur()).isFalse();
    assertThat(parse("--use_blur", "False").useBlur()).isFalse();
    assertThat(parse("--cache_dataset").cacheDataset()).isTrue();
    assertThat(parse("--cache_dataset=True").cacheDataset()).isTrue();
    assertThat(parse("--cache_dataset=1").cacheDataset()).isTrue();
    assertThat(parse("--cache_dataset", "--temperature=0.5").cacheDataset()).isTrue();
  }

  @Test
  void laterFlagHolds() {
    assertThat(parse("--temperature=0.5", "--temperature=0.2").temperature()).isEqualTo(0.2);
    assertThat(parse("--use_blur", "--nouse_blur").useBlur()).isFalse();
    assertThat(parse("--nouse_blur", "--use_blur").useBlur()).isTrue();
    assertThat(parse("--nouse_blur", "--temperature=1", "--use_blur=True").useBlur()).isTrue();
  }

  @Test
  void flagFileStandsWhereItIsNamed() throws IOException {
    String inner = write("inner.flags", "--temperature=0.2\n");
    String file =
        write(
            "some.flags",
            "# comment\n// comment\n\n  --temperature=0.5  \n--nouse_blur\n--flagfile=" + inner);
    for (List<String> form :
        List.of(List.of("@" + file), List.of("--flagfile=" + file), List.of("--flagfile", file))) {
      RunConfig config = parse(form.toArray(String[]::new));
      assertThat(config.temperature()).isEqualTo(0.2);
      assertThat(config.useBlur()).isFalse();
    }
    assertThat(parse("@" + file, "--temperature=1").temperature()).isEqualTo(1);
    assertThat(parse("--temperature=1", "@" + file).temperature()).isEqualTo(0.2);
  }

  @Test
  void commandsNamePresetsFlags() {
    assertThat(parse(Map.of("mode", "eval")).mode()).isEqualTo(Mode.EVAL);
    assertThat(parse(Map.of("train_mode", "finetune"), "--train_mode=finetune").trainMode())
        .isEqualTo(TrainMode.FINETUNE);
  }

  @Test
  void everyFlagTakesItsDefault() {
    for (var flag : RunConfig.flags()) {
      String value = flag.getAnnotation(RunConfig.Flag.class).value();
      assertThat(parse("--" + RunConfig.flagName(flag) + "=" + value))
          .as(RunConfig.flagName(flag))
          .isEqualTo(RunConfig.defaults());
    }
  }

  @Test
  void helpNamesEveryFlagWithGroupAndDefault() {
    String help = Outcome.of("run", "--help").out().replaceAll("\\s+", " ");
    for (var flag : RunConfig.flags()) {
      RunConfig.Flag annotation = flag.getAnnotation(RunConfig.Flag.class);
      String value = annotation.value().isEmpty() ? "none" : annotation.value();
      assertThat(help)
          .contains(" " + annotation.group() + " ")
          .contains(annotation.help().replaceAll("\\s+", " ") + " Default: " + value + ".");
    }
  }

  @Test
  void helpOfAPresetCommandNamesWhatItSets() {
    assertThat(Outcome.of("eval", "--help").out()).contains("Here: eval.");
  }

  static RunConfig parse(String... args) {
    return parse(Map.of(), args);
  }

  private static RunConfig parse(Map<String, String> preset, String... args) {
    RunFlags flags = new RunFlags("test", preset);
    CommandSpec spec = CommandSpec.create();
    flags.addTo(spec);
    new CommandLine(spec)
        .setExpandAtFiles(false)
        .setOverwrittenOptionsAllowed(true)
        .parseArgs(FlagFile.expand(List.of(args)).toArray(String[]::new));
    return flags.config();
  }

  private String write(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text).toString();
  }
}
