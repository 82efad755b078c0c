package simclr.config;

import simclr.config.RunConfig.Flag;

/** Looking at an encoder while it is pretrained. */
public record OnlineKnn(
    @Flag(
            group = "Evaluation",
            value = "0",
            help =
                "Pretraining: epochs between looks at what the nearest training images say about"
                    + " --eval_split; 0: never.")
        int onlineKnnEpochs) {

  public OnlineKnn {
    RunConfig.check(
        onlineKnnEpochs >= 0, "--online_knn_epochs is %s, expected 0 or more", onlineKnnEpochs);
  }
}
