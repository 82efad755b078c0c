package simclr.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.TrackableObjectGraphOuterClass.TrackableObjectGraph;
import simclr.checkpoint.TinyRun.Form;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

final class CheckpointFileTest {
  private final Path prefix;
  private final Path index;
  private final Path data;

  CheckpointFileTest(@TempDir Path dir) {
    prefix = dir.resolve("ckpt-7");
    index = dir.resolve("ckpt-7.index");
    data = dir.resolve("ckpt-7.data-00000-of-00001");
  }

  @BeforeEach
  void save() {
    try (TinyRun run = new TinyRun(Form.LARS)) {
      run.fill(7);
      run.saver.save(run.session, prefix);
    }
  }

  @Test
  void tensorsAreListedWithTypeAndShape() {
    CheckpointFile file = CheckpointFile.open(prefix);
    assertThat(file.tensors())
        .hasSize(7 + 5 + 3)
        .isSortedAccordingTo((a, b) -> a.key().compareTo(b.key()));
    assertThat(file.find("global_step/.ATTRIBUTES/VARIABLE_VALUE"))
        .hasValueSatisfying(
            entry -> {
              assertThat(entry.type()).isEqualTo(DataType.DT_INT64);
              assertThat(entry.shape().numDimensions()).isZero();
            });
    assertThat(file.isObjectBased()).isTrue();
    file.verify();
  }

  @Test
  void everyPrefixOfTheIndexIsRefusedInOneSentence() throws IOException {
    byte[] whole = Files.readAllBytes(index);
    for (int length = 0; length < whole.length; length++) {
      Files.write(index, Arrays.copyOf(whole, length));
      assertTorn(() -> CheckpointFile.open(prefix), "ckpt-7.index is damaged (");
    }
  }

  /** A flip is found when the index is read or the data; some bytes of its end mean nothing. */
  @Test
  void everyFlippedByteOfTheIndexIsFoundOrHarmless() throws IOException {
    byte[] whole = Files.readAllBytes(index);
    CheckpointFile expected = CheckpointFile.open(prefix);
    int harmless = 0;
    for (int at = 0; at < whole.length; at++) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 0x10;
      Files.write(index, flipped);
      try {
        CheckpointFile file = CheckpointFile.open(prefix);
        file.verify();
        assertThat(file.tensors()).as("byte %s", at).isEqualTo(expected.tensors());
        harmless++;
      } catch (UserException e) {
        assertThat(e.exitCode()).isEqualTo(ExitCode.DATA);
        assertThat(e).hasMessageContaining("ckpt-7");
      }
    }
    // At most the table's empty block of metadata and the footer but for its magic number.
    assertThat(harmless).isLessThanOrEqualTo(13 + 40);
  }

  @Test
  void flippedBitsInTheDataAreFoundAndTheTensorNamed() throws IOException {
    byte[] whole = Files.readAllBytes(data);
    for (int at = 0; at < whole.length; at += 151) {
      byte[] flipped = whole.clone();
      flipped[at] ^= 1;
      Files.write(data, flipped);
      assertTorn(() -> CheckpointFile.open(prefix).verify(), "is damaged at tensor ");
    }
  }

  @Test
  void cutOrMissingDataAreFound() throws IOException {
    byte[] whole = Files.readAllBytes(data);
    for (int length = 0; length < whole.length; length += 211) {
      Files.write(data, Arrays.copyOf(whole, length));
      assertTorn(() -> CheckpointFile.open(prefix).verify(), "is cut at tensor ");
    }
    Files.delete(data);
    assertTorn(
        () -> CheckpointFile.open(prefix).verify(),
        "ckpt-7.data-00000-of-00001 is missing, expected it beside ckpt-7.index");
  }

  @Test
  void missingCheckpointIsMissingInput() {
    assertThatThrownBy(() -> CheckpointFile.open(prefix.resolveSibling("ckpt-8")))
        .hasMessageContaining("ckpt-8.index is missing")
        .extracting(e -> ((UserException) e).exitCode())
        .isEqualTo(ExitCode.NO_INPUT);
  }

  /** The step counter is one object with two names, as Python's optimizer expects it. */
  @Test
  void objectGraphNumbersNodesAsPythonDoes() {
    TrackableObjectGraph graph = CheckpointFile.open(prefix).objectGraph();
    assertThat(graph.getNodes(0).getChildrenList())
        .extracting(child -> child.getLocalName() + ' ' + child.getNodeId())
        .containsExactly("global_step 1", "model 2", "optimizer 3", "save_counter 4");
    assertThat(graph.getNodes(3).getChildrenList())
        .extracting(child -> child.getLocalName() + ' ' + child.getNodeId())
        .containsExactly("iter 1");
    assertThat(graph.getNodes(3).getSlotVariablesList())
        .hasSize(5)
        .allSatisfy(
            slot -> {
              String variable = keyOf(graph, slot.getOriginalVariableNodeId());
              assertThat(keyOf(graph, slot.getSlotVariableNodeId()))
                  .isEqualTo(
                      variable.replace(
                          "/.ATTRIBUTES", "/.OPTIMIZER_SLOT/optimizer/Momentum/.ATTRIBUTES"));
            });
  }

  private static String keyOf(TrackableObjectGraph graph, int node) {
    return graph.getNodes(node).getAttributes(0).getCheckpointKey();
  }

  private static void assertTorn(Runnable reading, String message) {
    assertThatThrownBy(reading::run)
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message)
        .extracting(e -> ((UserException) e).exitCode())
        .isEqualTo(ExitCode.DATA);
  }
}
