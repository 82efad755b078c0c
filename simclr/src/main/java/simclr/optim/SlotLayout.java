package simclr.optim;

import static com.google.common.base.Preconditions.checkNotNull;

import com.google.common.collect.ImmutableMap;

/**
 * How the reference's checkpoints keep an optimizer's slots: the older optimizers by the variable
 * that a slot belongs to, those of Keras 2.15 by position in the optimizer's list of all slots, and
 * a second time in a list for each kind of slot. By position, the last learning rate is kept too.
 *
 * @param byPosition whether slots are kept by position
 * @param slots what Python calls them, by slot
 */
public record SlotLayout(boolean byPosition, ImmutableMap<String, Names> slots) {
  /**
   * What Python calls a kind of slot.
   *
   * @param list attribute of the optimizer that lists them; unused where they are not listed
   * @param scope what the names of their variables begin with
   */
  public record Names(String list, String scope) {}

  /** Slots by variable, as LARS has them: named {@code scope/VARIABLE/slot}. */
  static SlotLayout byVariable(String slot, String scope) {
    return new SlotLayout(false, ImmutableMap.of(slot, new Names("", scope)));
  }

  /** Slots by position: named {@code scope/VARIABLE}. */
  static SlotLayout byPosition(ImmutableMap<String, Names> slots) {
    return new SlotLayout(true, slots);
  }

  /** Attribute of the optimizer that lists the slots of one kind. */
  public String listOf(String slot) {
    return names(slot).list();
  }

  /** Python's name of a slot's variable. */
  public String pythonName(String slot, String variable) {
    String name = names(slot).scope() + '/' + variable;
    return byPosition ? name : name + '/' + slot;
  }

  private Names names(String slot) {
    return checkNotNull(slots.get(slot), "no slot is called %s", slot);
  }
}
