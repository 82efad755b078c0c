package simclr.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

final class WholeFileTest {
  @TempDir Path dir;

  @Test
  void aFileIsReadWholeAlsoThroughALink() throws IOException {
    Path file = Files.write(dir.resolve("file"), new byte[] {1, 2, 3});
    Path link = Files.createSymbolicLink(dir.resolve("link"), file);
    assertThat(WholeFile.bytes(link)).containsExactly(1, 2, 3);
    assertThatThrownBy(() -> WholeFile.bytes(dir.resolve("none")))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  @Timeout(20)
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeAndADeviceAreRefusedAtOnce() throws Exception {
    Path pipe = dir.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Path zeros = Files.createSymbolicLink(dir.resolve("zeros"), Path.of("/dev/zero"));
    for (Path file : new Path[] {pipe, zeros}) {
      assertThatThrownBy(() -> WholeFile.bytes(file))
          .isInstanceOf(IOException.class)
          .hasMessage(file + ": a pipe or a device, not a file");
    }
  }

  @Test
  void aFileOfTheMachinesSizeIsRefused() throws IOException {
    Path file = dir.resolve("huge");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(3L << 30);
    }
    assertThatThrownBy(() -> WholeFile.bytes(file))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": 3221225472 bytes, more than 268435456");
  }
}
