package simclr.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import simclr.config.UserException.ExitCode;

/**
 * All flags of a run, as one immutable value.
 *
 * <p>A component is a flag: {@code learningRate} is {@code --learning_rate} on the command line and
 * {@code learning_rate} in {@code flags.json} and in {@code configs/}. Its annotation holds group,
 * default and help, so the command line, the files and the manual have one source. The first 48 are
 * the reference's, in its order and with its names and defaults ({@code use_tpu} excepted); those
 * of our own stand behind them, the last of them in records of what belongs together.
 */
public record RunConfig(
    @Flag(
            group = "Optimisation",
            value = "0.3",
            help = "Base learning rate, see --learning_rate_scaling.")
        double learningRate,
    @Flag(
            group = "Optimisation",
            value = "linear",
            help = "linear: times batch/256; sqrt: times sqrt(batch).")
        Scaling learningRateScaling,
    @Flag(group = "Optimisation", value = "10", help = "Epochs of linear warm-up.")
        double warmupEpochs,
    @Flag(
            group = "Optimisation",
            value = "1e-6",
            help = "L2 factor; the documented recipes take 1e-4.")
        double weightDecay,
    @Flag(group = "Model", value = "0.9", help = "Decay of batch norm's moving statistics.")
        double batchNormDecay,
    @Flag(group = "Optimisation", value = "512", help = "Images per step, over all replicas.")
        int trainBatchSize,
    @Flag(
            group = "Data",
            value = "train",
            help = "Split to train on; slices such as train[:90%] too.")
        String trainSplit,
    @Flag(group = "Optimisation", value = "100", help = "Epochs to train for.") int trainEpochs,
    @Flag(
            group = "Optimisation",
            value = "0",
            help = "Steps to train for; above 0 it replaces --train_epochs.")
        int trainSteps,
    @Flag(group = "Evaluation", value = "0", help = "Batches to evaluate; 0: the whole split.")
        int evalSteps,
    @Flag(group = "Evaluation", value = "256", help = "Images per evaluation batch.")
        int evalBatchSize,
    @Flag(group = "Files", value = "1", help = "Epochs between checkpoints and summaries.")
        int checkpointEpochs,
    @Flag(
            group = "Files",
            value = "0",
            help = "Steps between checkpoints; above 0 it replaces --checkpoint_epochs.")
        int checkpointSteps,
    @Flag(
            group = "Evaluation",
            value = "validation",
            help = "Split to evaluate; CIFAR-10 has test.")
        String evalSplit,
    @Flag(
            group = "Data",
            value = "imagenet2012",
            help =
                "Name of a TFDS directory under --data_dir (name or name/config), folder:DIR for"
                    + " image files, cifar10_binary:DIR, or synthetic.")
        String dataset,
    @Flag(group = "Data", value = "false", help = "Keep decoded images in memory.")
        boolean cacheDataset,
    @Flag(group = "Run", value = "train", help = "What to do.") Mode mode,
    @Flag(group = "Run", value = "pretrain", help = "What is trained.") TrainMode trainMode,
    @Flag(group = "Run", value = "true", help = "Train a linear probe beside the contrastive task.")
        boolean linearevalWhilePretraining,
    @Flag(
            group = "Files",
            value = "",
            help =
                "Checkpoint to take weights from if --model_dir has none: a prefix such as"
                    + " DIR/ckpt-78, or a directory (its newest whole checkpoint, or a SavedModel).")
        Optional<String> checkpoint,
    @Flag(
            group = "Model",
            value = "false",
            help = "Zero the supervised head after --checkpoint was read.")
        boolean zeroInitLogitsLayer,
    @Flag(
            group = "Model",
            value = "-1",
            help =
                "finetune: -1 trains everything, 0 freezes the stem, 1 to 3 the block groups up to"
                    + " there, 4 the whole encoder.")
        int fineTuneAfterBlock,
    @Flag(group = Flag.NOT_HERE, value = "", help = "Address of a TPU; refused.")
        Optional<String> master,
    @Flag(
            group = "Files",
            value = "",
            help = "Directory of the run: checkpoints, results, summaries.")
        Optional<String> modelDir,
    @Flag(group = "Data", value = "", help = "Directory that holds the TFDS data sets.")
        Optional<String> dataDir,
    @Flag(
            group = Flag.NOT_HERE,
            value = "false",
            help = "TPUs; TensorFlow-Java has none, true is refused.")
        boolean useTpu,
    @Flag(group = Flag.NOT_HERE, value = "", help = "Refused.") Optional<String> tpuName,
    @Flag(group = Flag.NOT_HERE, value = "", help = "Refused.") Optional<String> tpuZone,
    @Flag(group = Flag.NOT_HERE, value = "", help = "Refused.") Optional<String> gcpProject,
    @Flag(group = "Optimisation", value = "lars", help = "Optimizer.") OptimizerKind optimizer,
    @Flag(group = "Optimisation", value = "0.9", help = "Momentum of lars and momentum.")
        double momentum,
    @Flag(
            group = Flag.NOT_HERE,
            value = "",
            help = "Read by nothing in the reference either; refused.")
        Optional<String> evalName,
    @Flag(group = "Files", value = "5", help = "Checkpoints kept.") int keepCheckpointMax,
    @Flag(group = "Files", value = "1", help = "SavedModels kept; 0 keeps all.")
        int keepHubModuleMax,
    @Flag(group = "Objective", value = "0.1", help = "Temperature of the contrastive softmax.")
        double temperature,
    @Flag(group = "Objective", value = "true", help = "Scale projections to length 1.")
        boolean hiddenNorm,
    @Flag(group = "Model", value = "nonlinear", help = "Projection head.")
        ProjHeadMode projHeadMode,
    @Flag(group = "Model", value = "128", help = "Length of a projection z.") int projOutDim,
    @Flag(group = "Model", value = "3", help = "Layers of the nonlinear projection head.")
        int numProjLayers,
    @Flag(
            group = "Model",
            value = "0",
            help = "Which projection layer feeds the supervised head: 0 is h, -1 the last.")
        int ftProjSelector,
    @Flag(group = "Model", value = "true", help = "Take batch statistics over all replicas.")
        boolean globalBn,
    @Flag(group = "Model", value = "1", help = "Factor on all channel counts of the encoder.")
        int widthMultiplier,
    @Flag(group = "Model", value = "50", help = "ResNet depth: 18, 34, 50, 101, 152 or 200.")
        int resnetDepth,
    @Flag(
            group = "Model",
            value = "0",
            help = "Selective kernels and ResNet-D if above 0; 0.0625 is published.")
        double skRatio,
    @Flag(group = "Model", value = "0", help = "Squeeze and excitation if above 0.") double seRatio,
    @Flag(
            group = "Data",
            value = "224",
            help = "Side of the square input in pixels; up to 32 it selects the CIFAR stem.")
        int imageSize,
    @Flag(
            group = "Data",
            value = "1.0",
            help = "Strength of colour jitter in pretraining, 0 to 1.25; CIFAR-10 takes 0.5.")
        double colorJitterStrength,
    @Flag(
            group = "Data",
            value = "true",
            help = "Blur views at random in pretraining; CIFAR-10 takes false.")
        boolean useBlur,

    // Ours
    @Flag(
            group = "Run",
            value = "",
            help = "Seed of weights, order and views; drawn and recorded if absent.")
        Optional<Long> seed,
    @Flag(
            group = "Files",
            value = "false",
            help = "Accept a checkpoint that lacks variables of the model.")
        boolean partial,
    @Flag(
            group = "Model",
            value = "moving",
            help =
                "Batch norm of frozen blocks: moving takes batch statistics and moves the averages, as"
                    + " the reference; fixed is inference mode.")
        FrozenBn frozenBn,
    @Flag(
            group = "Device",
            value = "float32",
            help =
                "bfloat16: convolutions and activations only; needs AVX512-BF16 or a GPU to pay.")
        Precision precision,
    @Flag(
            group = "Device",
            value = "1",
            help = "Copies of the model on as many devices of this process.")
        int replicas,
    @Flag(group = "Device", value = "auto", help = "gpu fails where there is none.") Device device,
    @Flag(group = "Device", value = "0", help = "Threads of one operation; 0: one per core.")
        int intraOpThreads,
    @Flag(group = "Device", value = "0", help = "Operations at a time; 0: one per core.")
        int interOpThreads,
    LabelSubset labelSubset,
    ContrastiveTask contrastiveTask,
    Composition composition,
    Distillation distillation,
    OnlineKnn onlineKnn) {

  /** {@code --mode}. */
  public enum Mode {
    TRAIN,
    EVAL,
    TRAIN_THEN_EVAL
  }

  /** Which objective is minimised. */
  public enum TrainMode {
    PRETRAIN,
    FINETUNE
  }

  /** How the base learning rate grows with the batch. */
  public enum Scaling {
    LINEAR,
    SQRT
  }

  /** The optimizers of the reference. */
  public enum OptimizerKind {
    MOMENTUM,
    ADAM,
    LARS
  }

  /** What stands between h and z (SimCLR section 4.2). */
  public enum ProjHeadMode {
    NONE,
    LINEAR,
    NONLINEAR
  }

  /** Batch normalisation of blocks whose weights are frozen. */
  public enum FrozenBn {
    MOVING,
    FIXED
  }

  /** Number format of convolutions and activations; all else is float32. */
  public enum Precision {
    FLOAT32,
    BFLOAT16
  }

  /** Where the model runs. */
  public enum Device {
    AUTO,
    CPU,
    GPU
  }

  /** Help group, default (as the user would type it; empty for none) and help of a flag. */
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.RECORD_COMPONENT)
  public @interface Flag {
    /** Group of the flags that cannot mean anything here. */
    String NOT_HERE = "Not here";

    String group();

    String value();

    String help();
  }

  /** Checks values, and flags against each other; the records check what is theirs. */
  public RunConfig {
    check(
        learningRate >= 0 && Double.isFinite(learningRate),
        "--learning_rate is %s, expected a finite value of 0 or more",
        learningRate);
    check(
        warmupEpochs >= 0 && Double.isFinite(warmupEpochs),
        "--warmup_epochs is %s, expected a finite value of 0 or more",
        warmupEpochs);
    check(
        weightDecay >= 0 && Double.isFinite(weightDecay),
        "--weight_decay is %s, expected a finite value of 0 or more",
        weightDecay);
    checkFraction("--batch_norm_decay", batchNormDecay);
    checkFraction("--momentum", momentum);
    checkAtLeast("--train_batch_size", trainBatchSize, 1);
    checkAtLeast("--eval_batch_size", evalBatchSize, 1);
    checkAtLeast("--train_epochs", trainEpochs, 0);
    checkAtLeast("--train_steps", trainSteps, 0);
    checkAtLeast("--eval_steps", evalSteps, 0);
    checkAtLeast("--checkpoint_epochs", checkpointEpochs, 1);
    checkAtLeast("--checkpoint_steps", checkpointSteps, 0);
    checkAtLeast("--keep_checkpoint_max", keepCheckpointMax, 1);
    checkAtLeast("--width_multiplier", widthMultiplier, 1);
    checkAtLeast("--proj_out_dim", projOutDim, 1);
    checkAtLeast("--image_size", imageSize, 8);
    checkAtLeast("--replicas", replicas, 1);
    checkAtLeast("--intra_op_threads", intraOpThreads, 0);
    checkAtLeast("--inter_op_threads", interOpThreads, 0);
    check(!trainSplit.isBlank(), "--train_split is empty, expected the name of a split");
    check(!evalSplit.isBlank(), "--eval_split is empty, expected the name of a split");
    check(!dataset.isBlank(), "--dataset is empty, expected the name of a data set");
    check(
        List.of(18, 34, 50, 101, 152, 200).contains(resnetDepth),
        "--resnet_depth is %s, expected 18, 34, 50, 101, 152 or 200",
        resnetDepth);
    check(skRatio >= 0 && skRatio <= 1, "--sk_ratio is %s, expected a value in [0, 1]", skRatio);
    check(seRatio >= 0 && seRatio <= 1, "--se_ratio is %s, expected a value in [0, 1]", seRatio);
    check(
        temperature > 0 && Double.isFinite(temperature),
        "--temperature is %s, expected a finite value above 0",
        temperature);
    check(
        colorJitterStrength >= 0 && colorJitterStrength <= 1.25,
        "--color_jitter_strength is %s, expected a value in [0, 1.25]",
        colorJitterStrength);
    check(
        numProjLayers >= 1 && numProjLayers <= 16,
        "--num_proj_layers is %s, expected 1 to 16",
        numProjLayers);
    int layers = projLayers(projHeadMode, numProjLayers);
    check(
        ftProjSelector >= -layers - 1 && ftProjSelector <= layers,
        "--ft_proj_selector is %s, expected %s to %s for %s projection layers",
        ftProjSelector,
        -layers - 1,
        layers,
        layers);
    check(
        fineTuneAfterBlock >= -1 && fineTuneAfterBlock <= 4,
        "--fine_tune_after_block is %s, expected -1 to 4",
        fineTuneAfterBlock);
    check(
        trainMode == TrainMode.FINETUNE || fineTuneAfterBlock == -1,
        "--fine_tune_after_block is %s, expected -1 with --train_mode=pretrain",
        fineTuneAfterBlock);
    check(
        trainBatchSize % replicas == 0,
        "--train_batch_size is %s, expected a multiple of --replicas=%s",
        trainBatchSize,
        replicas);
    check(!useTpu, "--use_tpu is true, expected false: TensorFlow-Java has no TPU backend");
    refuse("--master", master, "TensorFlow-Java has no TPU backend");
    refuse("--tpu_name", tpuName, "TensorFlow-Java has no TPU backend");
    refuse("--tpu_zone", tpuZone, "TensorFlow-Java has no TPU backend");
    refuse("--gcp_project", gcpProject, "TensorFlow-Java has no TPU backend");
    refuse("--eval_name", evalName, "the reference accepts it and reads it nowhere");
    checkTask(trainMode, labelSubset, contrastiveTask, composition, distillation, onlineKnn);
  }

  /** What belongs to one of the two tasks is refused in the other. */
  private static void checkTask(
      TrainMode trainMode,
      LabelSubset labelSubset,
      ContrastiveTask contrastiveTask,
      Composition composition,
      Distillation distillation,
      OnlineKnn onlineKnn) {
    if (trainMode == TrainMode.PRETRAIN) {
      refuse("--teacher", distillation.teacher(), "pretraining has no teacher");
      check(
          labelSubset.labelFraction() == 1,
          "--label_fraction is %s, expected 1: pretraining takes no labels",
          labelSubset.labelFraction());
    } else {
      String why = "fine-tuning has no contrastive task";
      check(
          contrastiveTask.isDefault(),
          "--contrastive_loss, --one_view_negatives and --semi_hard_negatives are given, expected"
              + " none: %s",
          why);
      refuse("--augmentation", composition.augmentation(), why);
      check(
          onlineKnn.onlineKnnEpochs() == 0,
          "--online_knn_epochs is %s, expected 0 with --train_mode=finetune: its classifier is"
              + " evaluated",
          onlineKnn.onlineKnnEpochs());
    }
  }

  /** The configuration that the reference runs without flags. */
  public static RunConfig defaults() {
    return of(Map.of());
  }

  /**
   * Reads flags; those absent take their defaults.
   *
   * @param flags by flag name without dashes, e.g. {@code train_batch_size} to {@code 64}
   * @throws UserException if a name is unknown or a value does not parse or is out of range
   */
  public static RunConfig of(Map<String, String> flags) {
    return FlagText.read(flags);
  }

  /** The same settings with some flags changed. */
  public RunConfig with(Map<String, String> changes) {
    Map<String, String> flags = new LinkedHashMap<>();
    toFlags().forEach((name, value) -> flags.put(name, value == null ? "" : value.toString()));
    flags.putAll(changes);
    return of(flags);
  }

  /**
   * Every flag with its value, as {@code flags.json} holds them: Boolean, Integer, Long, Double,
   * String, or null for an unset string. Enums are lower-case strings.
   */
  public Map<String, @Nullable Object> toFlags() {
    return FlagText.values(this);
  }

  /** The flags in declaration order; the command line builds its options from them. */
  public static List<RecordComponent> flags() {
    return FlagText.flags(RunConfig.class);
  }

  /** {@code learningRate} to {@code learning_rate}. */
  public static String flagName(RecordComponent flag) {
    return flag.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  /** What a flag takes, for help and messages: {@code int} or {@code lars|momentum|adam}. */
  public static String valueName(RecordComponent flag) {
    return FlagText.valueName(flag);
  }

  public boolean pretraining() {
    return trainMode == TrainMode.PRETRAIN;
  }

  /** Whether the flags ask for a classifier: always in fine-tuning, as a probe in pretraining. */
  public boolean wantsSupervisedHead() {
    return !pretraining() || linearevalWhilePretraining;
  }

  /** Layers of the projection head: 0 for none, 1 for linear. */
  public int projLayers() {
    return projLayers(projHeadMode, numProjLayers);
  }

  /** Index into h and the outputs of the projection layers. */
  public int featureIndex() {
    return ftProjSelector < 0 ? projLayers() + 1 + ftProjSelector : ftProjSelector;
  }

  /** Pixels of colour that training draws views with: fine-tuning leaves colours alone. */
  public double jitterStrength() {
    return pretraining() ? colorJitterStrength : 0;
  }

  /** Whether the model blurs views: a composition of augmentations has a blur of its own. */
  public boolean blursViews() {
    return pretraining() && useBlur && composition.transformations().isEmpty();
  }

  /** The run's directory. */
  public String requiredModelDir() {
    return modelDir.orElseThrow(
        () -> new UserException(ExitCode.USAGE, "--model_dir is missing, expected a directory"));
  }

  private static int projLayers(ProjHeadMode mode, int nonlinear) {
    return switch (mode) {
      case NONE -> 0;
      case LINEAR -> 1;
      case NONLINEAR -> nonlinear;
    };
  }

  private static void checkFraction(String flag, double value) {
    check(value >= 0 && value < 1, "%s is %s, expected a value in [0, 1)", flag, value);
  }

  private static void checkAtLeast(String flag, int value, int least) {
    check(value >= least, "%s is %s, expected %s or more", flag, value, least);
  }

  private static void refuse(String flag, Optional<String> value, String why) {
    check(value.isEmpty(), "%s is %s, expected none: %s", flag, value.orElse(""), why);
  }

  static void check(boolean holds, String template, Object... args) {
    if (!holds) {
      throw new UserException(ExitCode.USAGE, template, args);
    }
  }
}
