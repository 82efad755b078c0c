package simclr.summary;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.collect.ImmutableMap;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.DataClass;
import org.tensorflow.proto.DataType;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

final class EventWriterTest {
  private final Path dir;

  EventWriterTest(@TempDir Path dir) {
    this.dir = dir;
  }

  @Test
  void nameAndVersionAreThoseOfTensorFlow2() throws IOException {
    try (EventWriter writer = EventWriter.in(dir)) {
      assertThat(writer.file().getFileName().toString())
          .matches("events\\.out\\.tfevents\\.\\d{10}\\..+\\.\\d+\\.\\d+\\.v2");
      assertThat(EventFiles.read(writer.file()))
          .singleElement()
          .satisfies(event -> assertThat(event.getFileVersion()).isEqualTo("brain.Event:2"))
          .satisfies(event -> assertThat(event.getWallTime()).isGreaterThan(1.7e9));
    }
  }

  @Test
  void scalarsAreFloatTensorsInTheirOrder() throws IOException {
    Path file =
        write(w -> w.scalars(78, ImmutableMap.of(Tag.TOTAL_LOSS, 8.5f, Tag.LEARNING_RATE, .25f)));

    List<Event> events = EventFiles.read(file);

    assertThat(events).hasSize(3);
    assertThat(events.get(1).getStep()).isEqualTo(78);
    Summary.Value loss = onlyValue(events.get(1));
    assertThat(loss.getTag()).isEqualTo("train/total_loss");
    assertThat(loss.getMetadata().getPluginData().getPluginName()).isEqualTo("scalars");
    assertThat(loss.getMetadata().getDataClass()).isEqualTo(DataClass.DATA_CLASS_SCALAR);
    assertThat(loss.getTensor().getDtype()).isEqualTo(DataType.DT_FLOAT);
    assertThat(loss.getTensor().getTensorShape().getDimCount()).isZero();
    assertThat(floatOf(loss)).isEqualTo(8.5f);
    assertThat(onlyValue(events.get(2)).getTag()).isEqualTo("learning_rate");
    assertThat(floatOf(onlyValue(events.get(2)))).isEqualTo(.25f);
  }

  @Test
  void imagesAreAVectorOfWidthHeightAndFiles() throws IOException {
    Path file = write(w -> w.images(5, "image", 32, 16, List.of(new byte[] {1, -1}, new byte[0])));

    Summary.Value image = onlyValue(EventFiles.read(file).get(1));

    assertThat(image.getTag()).isEqualTo("image");
    assertThat(image.getMetadata().getPluginData().getPluginName()).isEqualTo("images");
    assertThat(image.getMetadata().getDataClass()).isEqualTo(DataClass.DATA_CLASS_BLOB_SEQUENCE);
    assertThat(image.getTensor().getDtype()).isEqualTo(DataType.DT_STRING);
    assertThat(image.getTensor().getTensorShape().getDim(0).getSize()).isEqualTo(4);
    assertThat(image.getTensor().getStringVal(0).toStringUtf8()).isEqualTo("32");
    assertThat(image.getTensor().getStringVal(1).toStringUtf8()).isEqualTo("16");
    assertThat(image.getTensor().getStringVal(2).toByteArray()).containsExactly(1, -1);
    assertThat(image.getTensor().getStringVal(3).isEmpty()).isTrue();
  }

  @Test
  void flushedRecordsAreThereBeforeTheWriterIsClosed() throws IOException {
    try (EventWriter writer = EventWriter.in(dir)) {
      writer.scalar(1, Tag.TOTAL_LOSS, 1f);
      writer.flush();
      assertThat(EventFiles.read(writer.file())).hasSize(2);
    }
  }

  @Test
  void twoWritersHaveTwoFiles() throws IOException {
    try (EventWriter one = EventWriter.in(dir);
        EventWriter two = EventWriter.in(dir)) {
      assertThat(one.file()).isNotEqualTo(two.file());
    }
  }

  private Path write(Consumer<EventWriter> body) {
    try (EventWriter writer = EventWriter.in(dir)) {
      body.accept(writer);
      return writer.file();
    }
  }

  private static Summary.Value onlyValue(Event event) {
    assertThat(event.getSummary().getValueCount()).isEqualTo(1);
    return event.getSummary().getValue(0);
  }

  private static float floatOf(Summary.Value value) {
    return value
        .getTensor()
        .getTensorContent()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .getFloat();
  }
}
