package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every way to get the words of a command wrong: one sentence on standard error, exit code 2. */
final class CommandLineTest {
  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      value = {
        "run --temprature=0.5 => --temprature is not a flag of run, did you mean --temperature?",
        "run --train-batch-size=64"
            + " => --train-batch-size is not a flag of run, did you mean --train_batch_size?",
        "run --nouse_blurr => --nouse_blurr is not a flag of run, did you mean --nouse_blur?",
        "run --quux=1 => --quux is not a flag of run",
        "run -x => -x is not a flag of run",
        "rnu => rnu is not a command, did you mean run?",
        "pre-train => pre-train is not a command, did you mean pretrain?",
        "--temperature=0.5 run"
            + " => --temperature stands before the command, expected simclr COMMAND"
            + " --temperature=0.5",
        "run cifar10 => \"cifar10\" is not a flag of run, expected --flag=value only",
        "run --temperature" + " => --temperature is missing or has no value, expected <double>",
        "run --temperature= => --temperature is \"\", expected a value of double",
        "run --temperature=warm => --temperature is \"warm\", expected a value of double",
        "run --temperature=0 => --temperature is 0.0, expected a finite value above 0",
        "run --temperature -1 => --temperature is -1.0, expected a finite value above 0",
        "run --train_batch_size=6.4 => --train_batch_size is \"6.4\", expected a value of int",
        "run --train_batch_size=0 => --train_batch_size is 0, expected 1 or more",
        "run --optimizer=sgd"
            + " => --optimizer is \"sgd\", expected a value of momentum|adam|lars",
        "run --use_blur=maybe => --use_blur is \"maybe\", expected a value of boolean",
        "run --use_blur maybe => --use_blur is \"maybe\", expected a value of boolean",
        "run --resnet_depth=51 => --resnet_depth is 51, expected 18, 34, 50, 101, 152 or 200",
        "run --eval_split= => --eval_split is empty, expected the name of a split",
        "run --use_tpu"
            + " => --use_tpu is true, expected false: TensorFlow-Java has no TPU backend",
        "run --tpu_name=t => --tpu_name is t, expected none: TensorFlow-Java has no TPU backend",
        "run --train_summary_steps=0"
            + " => --train_summary_steps is a flag of the TF1 program only; leave it out: summaries"
            + " are written with every checkpoint (--checkpoint_steps, --checkpoint_epochs)",
        "run --variable_schema (?!global_step)"
            + " => --variable_schema is a flag of the TF1 program only; leave it out: --checkpoint"
            + " takes the model's weights only, --zero_init_logits_layer=True starts the head anew"
            + " and --partial accepts a checkpoint that lacks variables",
        "finetune --train_mode=pretrain"
            + " => --train_mode is \"pretrain\", expected finetune with the command finetune; the"
            + " command run takes any",
        "eval --mode=train"
            + " => --mode is \"train\", expected eval with the command eval; the command run takes"
            + " any",
        "run --flagfile => --flagfile is empty, expected a file of flags",
      })
  void mistakeIsNamedInOneSentence(String line, String sentence) {
    Outcome outcome = Outcome.of(line.split(" "));
    assertThat(outcome.err()).isEqualTo("simclr: " + sentence + "\n");
    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
  }

  @Test
  void noCommandListsTheCommands() {
    Outcome outcome = Outcome.of();
    assertThat(outcome.err())
        .startsWith("simclr: no command is given, expected one of run, pretrain, finetune, eval");
    assertThat(outcome.status()).isEqualTo(2);
  }

  @Test
  void unlikeCommandListsTheCommands() {
    assertThat(Outcome.of("xyzzy").err())
        .startsWith("simclr: xyzzy is not a command, expected one of run, pretrain, ");
  }

  @Test
  void missingFlagFileIsNoInput() {
    Outcome outcome = Outcome.of("run", "@" + dir.resolve("no.flags"));
    assertThat(outcome.err())
        .isEqualTo(
            "simclr: \"%s\" is not there, expected a file of flags\n"
                .formatted(dir.resolve("no.flags")));
    assertThat(outcome.status()).isEqualTo(66);
  }

  @Test
  void lineOfAFlagFileThatIsNoFlagIsNamedWithItsNumber() throws IOException {
    Path file = write("bad.flags", "# fine\n--temperature=1\ntemperature 0.5\n");
    Outcome outcome = Outcome.of("run", "--flagfile=" + file);
    assertThat(outcome.err())
        .isEqualTo(
            "simclr: %s:3 is \"temperature 0.5\", expected --flag=value or a comment\n"
                .formatted(file));
    assertThat(outcome.status()).isEqualTo(2);
  }

  @Test
  void flagFileThatIncludesItselfIsRefused() throws IOException {
    Path file = dir.resolve("circle.flags");
    write("circle.flags", "--flagfile=" + file + "\n");
    Outcome outcome = Outcome.of("run", "@" + file);
    assertThat(outcome.err()).contains("includes itself by --flagfile");
    assertThat(outcome.status()).isEqualTo(2);
  }

  @Test
  void unknownFlagInAFlagFileIsNamedLikeOneOnTheCommandLine() throws IOException {
    Path file = write("typo.flags", "--temprature=1\n");
    assertThat(Outcome.of("run", "@" + file).err())
        .isEqualTo("simclr: --temprature is not a flag of run, did you mean --temperature?\n");
  }

  @Test
  void verboseShowsWhereAUserErrorAroseToo() {
    Outcome outcome = Outcome.of("run", "--verbose", "--temperature=0");
    assertThat(outcome.err()).startsWith("simclr: --temperature is 0.0").contains("\tat simclr.");
  }

  @Test
  void versionNamesTheProgramAndTensorFlow() {
    Outcome outcome = Outcome.of("--version");
    assertThat(outcome.out())
        .matches("simclr \\d\\S+\nTensorFlow-Java 1\\S+ \\(\\S+\\), Java 1\\S+\n");
    assertThat(outcome.status()).isEqualTo(0);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text);
  }
}
