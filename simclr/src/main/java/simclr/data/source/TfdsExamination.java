package simclr.data.source;

import com.google.common.collect.ImmutableList;
import com.google.common.primitives.ImmutableIntArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import simclr.config.UserException;
import simclr.data.image.ImageCensus;
import simclr.data.image.ImageHeader;
import simclr.data.records.BrokenExample;
import simclr.data.records.Records;
import simclr.data.records.Records.Shards.Part;
import simclr.data.records.Split;
import simclr.data.records.StoredExample;
import simclr.io.TfRecordFile;

/** Every record of a TFDS split, looked at past those that are broken. */
final class TfdsExamination {
  private final TfdsFeatures features;
  private final ScanStop stop;

  TfdsExamination(TfdsFeatures features, ScanStop stop) {
    this.features = features;
    this.stop = stop;
  }

  /**
   * What one stretch holds.
   *
   * @param whole the records that are in order, counted from the start of the stretch
   */
  private record Found(
      List<Integer> whole,
      List<ImageHeader> headers,
      List<Long> labels,
      List<BrokenExample> broken) {
    Found() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  Examined examine(String split, String source, List<Part> parts) {
    List<Found> found = parts.parallelStream().map(this::look).toList();
    ImageCensus census = new ImageCensus();
    ImmutableIntArray.Builder whole = ImmutableIntArray.builder();
    long first = 0;
    for (int i = 0; i < parts.size(); i++) {
      for (int index : found.get(i).whole()) {
        whole.add(Math.toIntExact(first + index));
      }
      found.get(i).headers().forEach(census::add);
      first += parts.get(i).to() - parts.get(i).from();
    }
    ImmutableIntArray indices = whole.build();
    boolean labelled = found.stream().noneMatch(each -> each.labels().contains(Records.UNLABELLED));
    Optional<Split> usable = Optional.empty();
    if (!indices.isEmpty()) {
      Records records =
          new Records.Shards(
                  parts,
                  features.image(),
                  labelled ? features.label() : Optional.empty(),
                  features.name())
              .select(indices);
      usable =
          Optional.of(
              new Split(
                  split,
                  indices.length(),
                  labelled && features.label().isPresent()
                      ? features.labelNames()
                      : ImmutableList.of(),
                  records,
                  source,
                  census.facts(),
                  Optional.of(census.sizes())));
    }
    return new Examined(
        first,
        usable,
        found.stream()
            .flatMap(each -> each.broken().stream())
            .collect(ImmutableList.toImmutableList()));
  }

  private Found look(Part part) {
    Found found = new Found();
    try (TfRecordFile file = TfRecordFile.open(part.file())) {
      while (file.records() < part.to()) {
        stop.check();
        long record = file.records();
        boolean wanted = record >= part.from();
        String name = part.file() + ": record " + record;
        try {
          byte[] data = file.next();
          if (data == null) {
            found
                .broken()
                .add(
                    new BrokenExample(
                        part.file().toString(),
                        String.format(
                            Locale.ROOT,
                            "has %s records, expected %s as dataset_info.json says",
                            record,
                            part.records())));
            break;
          }
          if (wanted) {
            TfdsExamples.Checked checked =
                TfdsExamples.check(
                    part.file(), record, StoredExample.parse(part.file(), record, data), features);
            found.whole().add(Math.toIntExact(record - part.from()));
            found.headers().add(checked.header());
            found.labels().add(checked.label());
          }
        } catch (UserException e) {
          if (wanted || file.records() == record) {
            found.broken().add(BrokenExample.of(name, e));
          }
          // Nothing tells where the record behind a broken header begins.
          if (file.records() == record) {
            break;
          }
        }
      }
    } catch (UserException e) {
      found.broken().add(BrokenExample.of(part.file().toString(), e));
    }
    return found;
  }
}
