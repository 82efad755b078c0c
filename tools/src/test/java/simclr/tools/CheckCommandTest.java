package simclr.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckCommandTest {
  @TempDir Path dir;

  @Test
  void allBrokenFilesAreListed() throws IOException {
    byte[] image = png();
    byte[] broken = image.clone();
    broken[45] ^= 1;
    Files.write(dir.resolve("good.png"), image);
    Files.write(dir.resolve("broken pixels.png"), broken);
    Files.write(dir.resolve("empty.png"), new byte[0]);
    Outcome found = Outcome.of("check", "--dataset=folder:" + dir);
    assertThat(found.status()).isEqualTo(65);
    assertThat(found.out().lines().toList())
        .hasSize(3)
        .anySatisfy(line -> assertThat(line).startsWith(dir.resolve("empty.png") + " is empty"))
        .anySatisfy(
            line ->
                assertThat(line)
                    .startsWith(dir.resolve("broken pixels.png") + " cannot be decoded"));
    assertThat(found.out()).contains("3 images checked, 2 broken");
    JsonNode json =
        new ObjectMapper().readTree(Outcome.of("check", "--json", "--data_dir=" + dir).out());
    assertThat(json.path("examples").asLong()).isEqualTo(3);
    assertThat(json.path("broken").findValuesAsText("name"))
        .containsExactlyInAnyOrder(
            dir.resolve("empty.png").toString(), dir.resolve("broken pixels.png").toString());
  }

  @Test
  void nothingBrokenIsStatusZero() {
    Outcome found = Outcome.of("check", "--dataset=synthetic:train=20,test=10", "--split=test");
    assertThat(found.status()).isZero();
    assertThat(found.out()).startsWith("10 images checked, 0 broken");
  }

  @Test
  void whatToCheckMustBeSaid() {
    Outcome refused = Outcome.of("check");
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.err()).contains("--dataset is missing");
  }

  @Test
  void aFolderOfImagesGivenAsTheDirectoryOfDataSetsIsRecognised() throws IOException {
    Files.write(dir.resolve("good.png"), png());
    Outcome refused =
        Outcome.of("pretrain", "--data_dir=" + dir, "--model_dir=" + dir.resolve("run"));
    assertThat(refused.status()).isEqualTo(66);
    assertThat(refused.err()).contains("did you mean --dataset=folder:" + dir + "?");
  }

  private static byte[] png() throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(6, 4, BufferedImage.TYPE_INT_RGB), "png", png);
    return png.toByteArray();
  }
}
