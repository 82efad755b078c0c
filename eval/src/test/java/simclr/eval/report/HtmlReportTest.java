package simclr.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedMap;
import com.google.common.primitives.ImmutableLongArray;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import simclr.eval.metrics.Accuracy;

final class HtmlReportTest {
  private static final LineChart LOSS =
      new LineChart(
          "Loss <train>",
          "nats",
          ImmutableList.of(
              new Series("run", ImmutableSortedMap.of(20L, 9.5f, 40L, 8.25f, 60L, 7f))),
          ImmutableList.of(new Level(9.69, "collapse level")),
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
    LineChart empty = chart("Nothing", new Series("run", ImmutableSortedMap.of()));

    assertThat(withCharts(empty, LOSS).html()).doesNotContain("Nothing");
  }

  @Test
  void aRunOfOneRoundIsDrawn() {
    LineChart single = chart("One", new Series("run", ImmutableSortedMap.of(5L, 0.1f)));

    assertThat(withCharts(single).html())
        .contains("step 5: 10 %")
        .doesNotContain("NaN", "Infinity");
  }

  @Test
  void severalRunsShareAChartAndADivergedOneIsDrawnAsFarAsItGoes() {
    LineChart both =
        new LineChart(
            "Both",
            "loss",
            ImmutableList.of(
                new Series("one", ImmutableSortedMap.of(1L, 2f, 2L, Float.NaN)),
                new Series("two", ImmutableSortedMap.of(1L, 3f, 2L, 1f))),
            ImmutableList.of(),
            false);

    assertThat(both.html())
        .contains("one, step 1: 2", "two, step 2: 1", "line c0 d0", "line c1 d1")
        .doesNotContain("NaN", "one, step 2");
    assertThat(Key.ofLines(List.of("one", "two")).html()).contains("line c1 d1", ">two<");
  }

  @Test
  void aLongRunIsThinnedButEndsWhereItEnds() {
    ImmutableSortedMap.Builder<Long, Float> points = ImmutableSortedMap.naturalOrder();
    for (long step = 0; step < 100_000; step++) {
      points.put(step, (float) (step % 7));
    }
    String html = chart("Long", new Series("run", points.build())).html();

    assertThat(html.length()).isLessThan(20_000);
    assertThat(html).contains("348.0,"); // The right edge.
  }

  @Test
  void aConfusionMatrixNamesEveryCell() {
    HeatMap map =
        HeatMap.confusion(
            "Confusion",
            ImmutableList.of("cat", "d<g"),
            ImmutableList.of(ImmutableLongArray.of(9, 1), ImmutableLongArray.of(0, 0)));

    assertThat(map.html())
        .contains("cat, named d&lt;g: 1 of 10", "true class", "named class")
        .doesNotContain("NaN", "d<g");
    assertThatThrownBy(
            () ->
                HeatMap.confusion(
                    "t", ImmutableList.of("a"), ImmutableList.of(ImmutableLongArray.of())))
        .hasMessage("counts must be a square of side 1");
  }

  @Test
  void pointsDifferInFormTooAndWithoutAClassAreGrey() {
    ScatterPlot plot =
        new ScatterPlot(
            "Map",
            "first",
            "second",
            ImmutableList.of(new double[] {0, 1}, new double[] {2, 1}, new double[] {3, 1}),
            ImmutableList.of(0, 1, -1),
            ImmutableList.of("cat", "dog"));

    assertThat(plot.html())
        .contains("<circle class=\"p c0\"", "<path class=\"p c1\"", "class=\"other\"", "first")
        .doesNotContain("NaN");
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0.25, 0.25", "1.5e-4, 1.5e-4", "0.001, 1e-3", "312, 312", "2e8, 2e8"})
  void numbersAreShort(double value, String text) {
    assertThat(Scale.number(value)).isEqualTo(text);
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

  private static LineChart chart(String title, Series series) {
    return new LineChart(
        title, "share", ImmutableList.of(series), ImmutableList.of(new Level(0.1, "chance")), true);
  }

  private static HtmlReport page() {
    return withCharts(LOSS);
  }

  private static HtmlReport withCharts(LineChart... charts) {
    return new HtmlReport(
        "A run",
        "a & b",
        ImmutableList.of(
            Section.of(
                "Bars",
                new BarChart(
                    ImmutableList.of(
                        new Bar("pretrained", "after 60 steps", new Accuracy(810, 1000), true),
                        new Bar("pixels", "raw", new Accuracy(90, 1000), false)),
                    0.1,
                    "How it was measured.")),
            Section.of("Curves", Grid.of(List.of(charts))),
            Section.of(
                "Views",
                Picture.sheet("Views", "Pairs", List.of(List.of(new byte[12])), 2, -1),
                new Legend(ImmutableMap.of("loss", "what is minimised")),
                Folded.of("Settings", List.of(Table.pairs(Map.of("seed", "7")))))));
  }
}
