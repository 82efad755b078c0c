package simclr.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What stands among images under an image's name, and is none. */
@EnabledOnOs({OS.LINUX, OS.MAC})
final class ImageFileKindTest {
  @TempDir Path dir;

  @Test
  @Timeout(20)
  void aPipeDoesNotHoldTheScanUp() throws Exception {
    Path pipe = dir.resolve("pipe.jpg");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    assertThatThrownBy(() -> ImageHeader.of(pipe))
        .isInstanceOf(ImageHeader.Unusable.class)
        .hasMessage("is a pipe or a device, expected an image");
  }

  @Test
  void aLinkToNothingIsNamedAsOne() throws Exception {
    Path link = Files.createSymbolicLink(dir.resolve("a.jpg"), dir.resolve("gone.jpg"));
    assertThatThrownBy(() -> ImageHeader.of(link))
        .isInstanceOf(ImageHeader.Unusable.class)
        .hasMessage("is a link to what is not there, expected an image");
    assertThatThrownBy(() -> ImageHeader.of(dir.resolve("none.jpg")))
        .isInstanceOf(ImageHeader.Unusable.class)
        .hasMessage("is missing, expected an image");
  }
}
