package simclr.parallel;

import static org.tensorflow.internal.c_api.global.tensorflow.TF_CloseSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteDeviceList;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeleteSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListCount;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_DeviceListName;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_NewSession;
import static org.tensorflow.internal.c_api.global.tensorflow.TF_SessionListDevices;

import com.google.common.collect.ImmutableList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.tensorflow.internal.c_api.TF_DeviceList;
import org.tensorflow.internal.c_api.TF_Graph;
import org.tensorflow.internal.c_api.TF_Session;
import org.tensorflow.internal.c_api.TF_SessionOptions;
import org.tensorflow.internal.c_api.TF_Status;
import org.tensorflow.proto.ConfigProto;
import simclr.config.RunConfig;
import simclr.config.RunConfig.Device;
import simclr.config.UserException;
import simclr.config.UserException.ExitCode;

/** The devices that a run computes on. */
public final class Devices {
  private static final String GPU = "GPU";
  private static final String CPU = "CPU";

  private Devices() {}

  /**
   * The copies of the model that the flags ask for, one for each device.
   *
   * @throws UserException if the machine has fewer GPUs than {@code --device=gpu} needs
   */
  public static List<Replicas> replicas(RunConfig config) {
    requireGpus(config);
    return config.replicas() == 1
        ? List.of(Replicas.single())
        : DeviceReplicas.onDevices(type(config), config.replicas());
  }

  /** {@code CPU} or {@code GPU}. */
  public static String type(RunConfig config) {
    boolean gpu =
        config.device() == Device.GPU
            || (config.device() == Device.AUTO && gpus().size() >= config.replicas());
    return gpu ? GPU : CPU;
  }

  /** Session options of a run: threads, and as many logical CPU devices as replicas need. */
  public static ConfigProto sessionConfig(RunConfig config) {
    boolean onGpu = type(config).equals(GPU);
    ConfigProto.Builder session =
        ConfigProto.newBuilder()
            .setIntraOpParallelismThreads(config.intraOpThreads())
            .setInterOpParallelismThreads(config.interOpThreads())
            .setAllowSoftPlacement(onGpu)
            .putDeviceCount(CPU, onGpu ? 1 : config.replicas());
    return onGpu ? session.build() : session.putDeviceCount(GPU, 0).build();
  }

  /** Names of the GPUs that TensorFlow finds, e.g. {@code /device:GPU:0}. */
  static ImmutableList<String> gpus() {
    return all().stream()
        .filter(name -> name.contains(GPU))
        .collect(ImmutableList.toImmutableList());
  }

  private static void requireGpus(RunConfig config) {
    int found = config.device() == Device.GPU ? gpus().size() : Integer.MAX_VALUE;
    if (found < config.replicas()) {
      throw new UserException(
          ExitCode.USAGE,
          "--device is gpu and TensorFlow finds %s GPUs, expected %s: a driver, CUDA 12 with cuDNN 9"
              + " on the library path, and a build with the Maven profile gpu",
          found,
          config.replicas());
    }
  }

  /** A session is the only thing in the C API that lists devices without being eager. */
  @SuppressWarnings("try") // the scope frees what is made while it is open
  private static ImmutableList<String> all() {
    try (PointerScope scope = new PointerScope()) {
      TF_Status status = TF_Status.newStatus();
      TF_Graph graph = TF_Graph.newGraph();
      TF_Session session = TF_NewSession(graph, TF_SessionOptions.newSessionOptions(), status);
      status.throwExceptionIfNotOK();
      try {
        TF_DeviceList devices = TF_SessionListDevices(session, status);
        status.throwExceptionIfNotOK();
        ImmutableList.Builder<String> names = ImmutableList.builder();
        for (int i = 0; i < TF_DeviceListCount(devices); i++) {
          names.add(TF_DeviceListName(devices, i, status).getString());
          status.throwExceptionIfNotOK();
        }
        TF_DeleteDeviceList(devices);
        return names.build();
      } finally {
        TF_CloseSession(session, status);
        TF_DeleteSession(session, status);
      }
    }
  }
}
