package simclr.eval.published;

import static com.google.common.collect.ImmutableList.toImmutableList;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The published tables. Settings that a table leaves to its text are filled in from the recipe of
 * the same experiment ({@code recipes.csv}); what no source states stays unknown.
 */
public final class PublishedTables {
  private static final String IMAGENET = "ImageNet";
  private static final String CIFAR = "CIFAR-10";
  private static final String PAPER_VIEWS = Conditions.augmentation(1, true);
  private static final String CIFAR_VIEWS = Conditions.augmentation(0.5, false);
  private static final Pattern RESNET =
      Pattern.compile("ResNet-(\\d+)(?: (\\d)x)?( SK)?(, (?:CIFAR|ImageNet) stem)?.*");

  private PublishedTables() {}

  /** Every published accuracy, table by table. */
  public static ImmutableList<PublishedResult> results() {
    return Stream.of(
            rows("simclr_cifar10.csv", PublishedTables::cifar),
            rows("simclr_linear_imagenet.csv", PublishedTables::linearImagenet),
            rows("simclr_batch_epochs.csv", PublishedTables::batchAndEpochs),
            rows("simclr_semisupervised.csv", PublishedTables::semisupervised),
            rows("simclr_transfer.csv", PublishedTables::transfer),
            rows("simclr_v1_tf2_savedmodels.csv", PublishedTables::releasedV1),
            rows("simclrv2_models.csv", PublishedTables::v2Models),
            rows("simclrv2_distillation.csv", PublishedTables::distillation),
            rows("other_implementations.csv", PublishedTables::other))
        .flatMap(results -> results)
        .collect(toImmutableList());
  }

  /** The paper's ablations. */
  public static ImmutableList<Ablation> ablations() {
    return CsvTable.ofResource("simclr_ablations.csv").rows().stream()
        .map(
            row ->
                new Ablation(
                    get(row, "ablation"),
                    get(row, "setting"),
                    get(row, "quantity"),
                    get(row, "value"),
                    get(row, "source"),
                    Verified.of(get(row, "verified"))))
        .collect(toImmutableList());
  }

  /** The hyperparameters of the published experiments. */
  public static ImmutableList<Recipe> recipes() {
    return CsvTable.ofResource("recipes.csv").rows().stream()
        .map(
            row ->
                new Recipe(
                    get(row, "id"),
                    get(row, "stage"),
                    row.entrySet().stream()
                        .filter(
                            e -> !List.of("id", "stage", "source", "verified").contains(e.getKey()))
                        .collect(
                            ImmutableMap.toImmutableMap(Map.Entry::getKey, Map.Entry::getValue)),
                    get(row, "source"),
                    Verified.of(get(row, "verified"))))
        .collect(toImmutableList());
  }

  private static Stream<PublishedResult> rows(
      String table, Function<ImmutableMap<String, String>, Stream<PublishedResult>> reader) {
    return CsvTable.ofResource(table).rows().stream()
        .flatMap(
            row -> {
              try {
                return reader.apply(row);
              } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                    table + " row " + row + ": " + e.getMessage(), e);
              }
            });
  }

  private static Stream<PublishedResult> cifar(Map<String, String> row) {
    String id = get(row, "id");
    String evaluation = get(row, "evaluation");
    // "linear, momentum, lr 0.1, 100 epochs" is reference-cifar10-linear: with crop and flip.
    String kind =
        evaluation.equals("supervised")
            ? Conditions.supervised()
            : evaluation.startsWith("linear, momentum") ? Conditions.LINEAR_SGD : evaluation;
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, CIFAR)
            .with(Setting.ENCODER, encoder(get(row, "encoder")))
            .with(Setting.EPOCHS, get(row, "pretrain_epochs"))
            .with(Setting.BATCH, get(row, "pretrain_batch"))
            .with(Setting.SCALING, evaluation.equals("supervised") ? "" : "linear")
            .with(Setting.AUGMENTATION, CIFAR_VIEWS)
            .with(Setting.EVALUATION, kind);
    String metric = id.equals("contrastive-accuracy") ? "contrastive top-1" : PublishedResult.TOP_1;
    return Stream.of(
        result(
            id.startsWith("paper") ? Origin.PAPER : Origin.RELEASE,
            id,
            conditions,
            metric,
            get(row, "value"),
            known("temperature", row) + known("learning_rate", row),
            row));
  }

  private static Stream<PublishedResult> linearImagenet(Map<String, String> row) {
    String id = get(row, "id");
    String views = get(row, "augmentation");
    boolean paper = id.startsWith("v1-");
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(Setting.ENCODER, encoder(get(row, "encoder") + " " + get(row, "width") + "x"))
            .with(Setting.EPOCHS, get(row, "pretrain_epochs"))
            .with(Setting.BATCH, get(row, "pretrain_batch"))
            // 0.3 * batch/256 in the paper; 0.075 * sqrt(batch) in the README's command.
            .with(Setting.SCALING, paper ? "linear" : id.startsWith("reference") ? "sqrt" : "")
            .with(
                Setting.AUGMENTATION,
                views.equals("crop+color+blur")
                    ? PAPER_VIEWS
                    : views.equals("not stated") ? "" : views)
            .with(Setting.EVALUATION, Conditions.LINEAR_SGD);
    return top(paper ? Origin.PAPER : Origin.RELEASE, id, conditions, "", row);
  }

  private static Stream<PublishedResult> batchAndEpochs(Map<String, String> row) {
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(Setting.ENCODER, Conditions.encoder(50, 1, false))
            .with(Setting.EPOCHS, get(row, "epochs"))
            .with(Setting.BATCH, get(row, "batch"))
            .with(Setting.SCALING, get(row, "learning_rate_scaling"))
            .with(Setting.AUGMENTATION, PAPER_VIEWS)
            .with(Setting.EVALUATION, Conditions.LINEAR_SGD);
    return Stream.of(
        result(
            Origin.PAPER,
            "v1 batch and epochs",
            conditions,
            PublishedResult.TOP_1,
            get(row, "top1_linear_eval"),
            "",
            row));
  }

  private static Stream<PublishedResult> semisupervised(Map<String, String> row) {
    String views = get(row, "pretrain_augmentation");
    boolean pretrained = !views.equals("none");
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(Setting.ENCODER, encoder(get(row, "encoder")))
            .with(Setting.EPOCHS, pretrained ? "1000" : "")
            .with(Setting.BATCH, pretrained ? "4096" : "")
            .with(Setting.SCALING, pretrained ? "linear" : "")
            .with(
                Setting.AUGMENTATION,
                views.equals("default")
                    ? PAPER_VIEWS
                    : pretrained ? "plus sobel, equalize, solarize, motion blur" : "")
            .with(
                Setting.EVALUATION,
                pretrained
                    ? Conditions.fineTuned(get(row, "label_percent"))
                    : Conditions.supervised()
                        + " on "
                        + get(row, "label_percent")
                        + " % of the labels");
    return top(Origin.PAPER, get(row, "id"), conditions, "", row);
  }

  private static Stream<PublishedResult> transfer(Map<String, String> row) {
    boolean simclr = get(row, "pretraining").equals("SimCLR");
    String protocol =
        get(row, "protocol").equals("linear") ? Conditions.LINEAR_LBFGS : "fine-tuned on the set";
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, "ImageNet, then " + get(row, "dataset"))
            .with(Setting.ENCODER, encoder(get(row, "encoder")))
            .with(Setting.EPOCHS, simclr ? "1000" : "")
            .with(Setting.BATCH, simclr ? "4096" : "")
            .with(Setting.SCALING, simclr ? "linear" : "")
            .with(Setting.AUGMENTATION, simclr ? PAPER_VIEWS : "")
            .with(
                Setting.EVALUATION,
                simclr ? protocol : protocol + ", encoder: " + get(row, "pretraining"));
    return Stream.of(
        result(
            Origin.PAPER,
            "v1 transfer, " + get(row, "pretraining"),
            conditions,
            get(row, "metric"),
            get(row, "value"),
            "",
            row));
  }

  private static Stream<PublishedResult> releasedV1(Map<String, String> row) {
    String path = get(row, "released_path");
    Matcher parts =
        Pattern.compile("simclrv1/(?:finetune_(\\d+)pct|pretrain)/(\\d)x").matcher(path);
    if (!parts.matches()) {
      throw new IllegalArgumentException("released_path is " + path);
    }
    String percent = parts.group(1);
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(Setting.ENCODER, Conditions.encoder(50, Integer.parseInt(parts.group(2)), false))
            .with(
                Setting.EVALUATION,
                percent == null ? Conditions.LINEAR_SGD : Conditions.fineTuned(percent));
    return top(Origin.RELEASE, path, conditions, "TF2 SavedModel, evaluated anew", row);
  }

  private static Stream<PublishedResult> v2Models(Map<String, String> row) {
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(
                Setting.ENCODER,
                Conditions.encoder(
                    whole(get(row, "depth")), whole(get(row, "width")), whole(get(row, "sk")) > 0))
            .with(Setting.EPOCHS, "800")
            .with(Setting.BATCH, "4096")
            .with(Setting.SCALING, "sqrt")
            .with(Setting.AUGMENTATION, PAPER_VIEWS);
    Map<String, String> columns =
        ImmutableMap.of(
            "1pct", Conditions.fineTuned("1"),
            "10pct", Conditions.fineTuned("10"),
            "100pct", Conditions.fineTuned("100"),
            "linear", Conditions.LINEAR,
            "supervised", Conditions.supervised());
    return columns.entrySet().stream()
        .flatMap(
            column -> {
              String name = get(row, "released_name");
              Conditions under = conditions.with(Setting.EVALUATION, column.getValue());
              String published =
                  switch (column.getKey()) {
                    case "linear" -> "linear_eval";
                    case "supervised" -> "supervised";
                    default -> "finetune_" + column.getKey();
                  };
              return Stream.of(
                  result(
                      Origin.RELEASE,
                      name,
                      under,
                      PublishedResult.TOP_1,
                      get(row, published),
                      "with momentum contrast, which the released code lacks",
                      row),
                  result(
                      Origin.RELEASE,
                      name + " (TF2 SavedModel)",
                      under,
                      PublishedResult.TOP_1,
                      get(row, "tf2_savedmodel_" + column.getKey()),
                      "evaluated anew",
                      row));
            });
  }

  private static Stream<PublishedResult> distillation(Map<String, String> row) {
    String student = get(row, "student");
    boolean linear = student.contains("linear eval");
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, IMAGENET)
            .with(Setting.ENCODER, encoder(student))
            .with(Setting.EPOCHS, linear ? "800" : "")
            .with(
                Setting.EVALUATION,
                linear
                    ? Conditions.LINEAR
                    : "distilled, teacher with " + get(row, "labels_percent") + " % of the labels");
    return top(Origin.PAPER, get(row, "id"), conditions, get(row, "training_target"), row);
  }

  private static Stream<PublishedResult> other(Map<String, String> row) {
    String note = get(row, "note");
    String network = encoder(get(row, "encoder"));
    Conditions conditions =
        Conditions.none()
            .with(Setting.DATA, get(row, "data"))
            .with(
                Setting.ENCODER,
                note.contains("ImageNet stem") ? Conditions.withStem(network, false) : network)
            .with(Setting.EPOCHS, get(row, "epochs"))
            .with(Setting.BATCH, get(row, "batch"))
            .with(Setting.SCALING, note.contains("sqrt scaling") ? "sqrt" : "")
            .with(
                Setting.EVALUATION,
                switch (get(row, "evaluation")) {
                  case "linear, augmented" -> Conditions.LINEAR_SGD;
                  case "linear, L-BFGS, no augmentation" -> Conditions.LINEAR_LBFGS;
                  default -> get(row, "evaluation");
                });
    return top(Origin.OTHER, get(row, "implementation"), conditions, note, row);
  }

  /** A result for each of top-1 and top-5 that the row has. */
  private static Stream<PublishedResult> top(
      Origin origin, String name, Conditions conditions, String note, Map<String, String> row) {
    return Stream.of(PublishedResult.TOP_1, PublishedResult.TOP_5)
        .filter(metric -> !row.getOrDefault(column(metric), "").isEmpty())
        .map(
            metric ->
                result(origin, name, conditions, metric, get(row, column(metric)), note, row));
  }

  private static String column(String metric) {
    return metric.replace("-", "");
  }

  private static PublishedResult result(
      Origin origin,
      String name,
      Conditions conditions,
      String metric,
      String value,
      String note,
      Map<String, String> row) {
    if (value.isEmpty() || get(row, "source").isEmpty()) {
      throw new IllegalArgumentException("value and source must not be empty");
    }
    return new PublishedResult(
        origin,
        name,
        conditions,
        metric,
        value,
        note.strip(),
        get(row, "source"),
        Verified.of(get(row, "verified")));
  }

  /** {@code ResNet-50 4x SK} in the words that are compared. */
  private static String encoder(String text) {
    Matcher matcher = RESNET.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("encoder is " + text);
    }
    String width = matcher.group(2);
    String stem = matcher.group(4);
    return Conditions.encoder(
            whole(matcher.group(1)), width == null ? 1 : whole(width), matcher.group(3) != null)
        + (stem == null ? "" : stem);
  }

  private static int whole(String text) {
    return Integer.parseInt(text);
  }

  private static String known(String column, Map<String, String> row) {
    String value = get(row, column);
    return value.isEmpty() ? "" : column.replace('_', ' ') + " " + value + " ";
  }

  private static String get(Map<String, String> row, String column) {
    String value = row.get(column);
    if (value == null) {
      throw new IllegalArgumentException("there is no column " + column);
    }
    return value;
  }
}
