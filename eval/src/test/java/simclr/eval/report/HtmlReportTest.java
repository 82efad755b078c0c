package simclr.eval.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import simclr.eval.metrics.Accuracy;

final class HtmlReportTest {
  private static final Curve LOSS =
      new Curve(
          "Loss <train>",
          ImmutableSortedMap.of(20L, 9.5f, 40L, 8.25f, 60L, 7f),
          9.69,
          "collapse level",
          false);

  @Test
  void everythingIsInline() {
    String html = page().html();

    assertThat(html).contains("<style>", "prefers-color-scheme: dark", "data:image/png;base64,");
    assertThat(html).doesNotContain("http:", "https:", "<script", "<link", "url(", "@import");
    assertThat(Pattern.compile("src=\"(?!data:)").matcher(html).find()).isFalse();
  }

  @Test
  void figuresAreSaidInWords() {
    String html = page().html();

    assertThat(html).contains("81.0 %", "9.0 %", "chance 10 %", "step 40: 8.25", "collapse level");
    assertThat(html).contains("<dt>loss</dt><dd>what is minimised</dd>");
    assertThat(html).contains("<th scope=\"row\">seed</th><td>7</td>");
  }

  @Test
  void textIsEscaped() {
    assertThat(page().html())
        .contains("Loss &lt;train&gt;", "a &amp; b")
        .doesNotContain("<train>", "a & b");
  }

  @Test
  void chartsAreWellFormed() throws Exception {
    Matcher svg = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(page().html());
    int charts = 0;
    while (svg.find()) {
      DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new ByteArrayInputStream(svg.group().getBytes(StandardCharsets.UTF_8)));
      charts++;
    }
    assertThat(charts).isEqualTo(2);
  }

  @Test
  void aCurveThatWasNeverLoggedIsLeftOut() {
    Curve empty = new Curve("Nothing", ImmutableSortedMap.of(), 0, "", true);

    assertThat(withCurves(List.of(empty, LOSS)).html()).doesNotContain("Nothing");
  }

  @Test
  void aRunOfOneRoundIsDrawn() {
    Curve single = new Curve("One", ImmutableSortedMap.of(5L, 0.1f), 0.1, "chance", true);

    assertThat(withCurves(List.of(single)).html())
        .contains("step 5: 10 %")
        .doesNotContain("NaN", "Infinity");
  }

  @Test
  void sheetsKeepEveryPixel() throws IOException {
    byte[] red = {(byte) 255, 0, 0, (byte) 255, 0, 0, (byte) 255, 0, 0, (byte) 255, 0, 0};
    byte[] blue = {0, 0, (byte) 200, 0, 0, (byte) 200, 0, 0, (byte) 200, 0, 0, (byte) 200};
    Picture sheet = Picture.sheet("t", "c", List.of(List.of(red, blue), List.of(blue, red)), 2, -1);

    var image = ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(sheet.png())));
    assertThat(image.getWidth()).isEqualTo(8);
    assertThat(image.getHeight()).isEqualTo(8);
    assertThat(image.getRGB(0, 0)).isEqualTo(0xffff0000);
    assertThat(image.getRGB(1, 7)).isEqualTo(0xff0000c8);
    assertThat(image.getRGB(7, 1)).isEqualTo(0xff0000c8);
    assertThat(image.getRGB(3, 3) >>> 24).isEqualTo(0);
  }

  private static HtmlReport page() {
    return withCurves(List.of(LOSS));
  }

  private static HtmlReport withCurves(List<Curve> curves) {
    return new HtmlReport(
        "A run",
        "a & b",
        List.of(
            new Bar("pretrained", "after 60 steps", new Accuracy(810, 1000), true),
            new Bar("pixels", "raw", new Accuracy(90, 1000), false)),
        "How it was measured.",
        0.1,
        curves,
        List.of(Picture.sheet("Views", "Pairs", List.of(List.of(new byte[12])), 2, -1)),
        Map.of("loss", "what is minimised"),
        ImmutableMap.of("Settings", Map.of("seed", "7")));
  }
}
