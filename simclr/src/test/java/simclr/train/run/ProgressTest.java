package simclr.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import simclr.config.Reporter;
import simclr.config.RunConfig;
import simclr.objective.NtXent;
import simclr.summary.Tag;
import simclr.train.run.Progress.Snapshot;

final class ProgressTest {
  private static final long SECOND = 1_000_000_000L;
  private final List<String> told = new ArrayList<>();

  @Test
  void collapseLevelIsThatOfEqualCandidates() {
    assertThat(new NtXent(0.1f, true).collapseLevel(64)).hasValue(2 * Math.log(127));
  }

  @Test
  void plainLineCoversWhatHappenedSinceTheLastOne() {
    Progress progress = progress(Reporter.lines(told::add));
    progress.resume(0, 0);
    progress.show(snapshot(10, 9f, .1f, 1.0, 10 * SECOND));
    progress.show(snapshot(30, 8f, .2f, 2.0, 20 * SECOND));

    assertThat(told)
        .containsExactly(
            "step 10 of 100: contrast loss 9.0000 (collapse level 9.6884), contrast accuracy 10.0 %,"
                + " 64.0 images/s, 10 % of the time waiting for input, 1:30 left",
            "step 30 of 100: contrast loss 7.5000 (collapse level 9.6884), contrast accuracy 25.0 %,"
                + " 128 images/s, 10 % of the time waiting for input, 1:00 left");
  }

  @Test
  void newRoundStartsFromItsOwnMeans() {
    Progress progress = progress(Reporter.lines(told::add));
    progress.resume(0, 0);
    progress.show(snapshot(50, 9f, .1f, 50.0, 10 * SECOND));
    progress.resume(50, 10 * SECOND);
    progress.show(new Snapshot(52, 2, means(5f, .5f), 1.0, 12 * SECOND));

    assertThat(told.get(1)).contains("loss 5.0000", "accuracy 50.0 %", " 50 % of the time");
  }

  @Test
  void barFitsEightyColumns() {
    Progress progress = progress(terminal());
    progress.resume(0, 0);
    progress.show(snapshot(50, 9f, .1f, 1.0, 10 * SECOND));

    assertThat(told)
        .containsExactly(
            "[#####-----] 50/100 loss 9.000 (9.688) acc 10.0% 320 img/s input 10% eta 0:10");
    assertThat(told.get(0).length()).isLessThan(80);
  }

  @Test
  void isDueByTimeAndSoonerOnATerminal() {
    Progress plain = progress(Reporter.lines(told::add));
    Progress bar = progress(terminal());
    plain.resume(0, 0);
    bar.resume(0, 0);
    assertThat(plain.due(SECOND)).isFalse();
    assertThat(plain.due(30 * SECOND)).isTrue();
    assertThat(bar.due(SECOND / 4)).isFalse();
    assertThat(bar.due(SECOND / 2)).isTrue();
  }

  @Test
  void collapsedRoundBehindTheWarmupIsWarnedOfOnce() {
    Progress progress = progress(Reporter.lines(told::add));
    Map<Tag, Float> collapsed = means(9.69f, 0f);
    progress.checkCollapse(0, collapsed);
    assertThat(told).as("during warm-up").isEmpty();
    progress.checkCollapse(20, means(8.8f, .1f));
    assertThat(told).as("learning").isEmpty();
    progress.checkCollapse(20, collapsed);
    progress.checkCollapse(40, collapsed);
    assertThat(told).singleElement().asString().contains("2 ln(2N - 1)", "9.6884");
  }

  @Test
  void timeIsReadAsAClock() {
    assertThat(Progress.time(59)).isEqualTo("0:59");
    assertThat(Progress.time(3723)).isEqualTo("1:02:03");
  }

  private static Progress progress(Reporter reporter) {
    return new Progress(RunConfig.of(Map.of("train_batch_size", "64")), 100, 20, reporter);
  }

  private static Snapshot snapshot(
      long step, float loss, float accuracy, double waited, long nanos) {
    return new Snapshot(step, step, means(loss, accuracy), waited, nanos);
  }

  private static Map<Tag, Float> means(float loss, float accuracy) {
    return Map.of(Tag.CONTRAST_LOSS, loss, Tag.CONTRAST_ACC, accuracy);
  }

  private Reporter terminal() {
    return new Reporter() {
      @Override
      public void line(String line) {
        throw new AssertionError(line);
      }

      @Override
      public void status(String status) {
        told.add(status);
      }

      @Override
      public boolean terminal() {
        return true;
      }
    };
  }
}
