package simclr.graph;

import org.tensorflow.DeviceSpec;
import org.tensorflow.ExecutionEnvironment;
import org.tensorflow.Operation;
import org.tensorflow.OperationBuilder;
import org.tensorflow.op.Op;
import org.tensorflow.op.Scope;

/** A scope whose names have the digits of English; all else is the scope's within. */
record PlainScope(Scope within) implements Scope {

  @Override
  public String makeOpName(String defaultName) {
    return GraphOps.withAsciiDigits(within.makeOpName(defaultName));
  }

  @Override
  public String makeUnique(String id) {
    return GraphOps.withAsciiDigits(within.makeUnique(id));
  }

  @Override
  public ExecutionEnvironment env() {
    return within.env();
  }

  @Override
  public Scope withSubScope(String name) {
    return new PlainScope(within.withSubScope(name));
  }

  @Override
  public Scope withName(String name) {
    return new PlainScope(within.withName(name));
  }

  @Override
  public Scope withNameAsSubScope(String name) {
    return new PlainScope(within.withNameAsSubScope(name));
  }

  @Override
  public Scope withDevice(DeviceSpec device) {
    return new PlainScope(within.withDevice(device));
  }

  @Override
  public Scope withInitScope() {
    return new PlainScope(within.withInitScope());
  }

  @Override
  public Scope withControlDependencies(Iterable<Op> controls) {
    return new PlainScope(within.withControlDependencies(controls));
  }

  @Override
  public Scope withControlDependencyOps(Iterable<Operation> controls) {
    return new PlainScope(within.withControlDependencyOps(controls));
  }

  @Override
  public void refreshNames() {
    within.refreshNames();
  }

  @Override
  public OperationBuilder apply(OperationBuilder builder) {
    return within.apply(builder);
  }

  @Override
  public String getDeviceString() {
    return within.getDeviceString();
  }

  @Override
  public boolean isInit() {
    return within.isInit();
  }
}
