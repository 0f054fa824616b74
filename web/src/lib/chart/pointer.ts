// Clicks and hovers on a pane, told apart from drags.
export type Spot = { x: number; y: number };

/** A press that moves farther than this is a drag, not a click. */
const STILL_PX = 4;

/** Says where `element` was clicked; while the pointer only moves, `over` decides whether it may be clicked there. */
export function watchPointer(element: HTMLElement, clicked: (spot: Spot) => void, over: (spot: Spot) => boolean): void {
  let pressed: Spot | null = null;
  const spotOf = (event: PointerEvent): Spot => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  element.addEventListener('pointerdown', (event) => (pressed = spotOf(event)));
  element.addEventListener('pointerup', (event) => {
    const spot = spotOf(event);
    const still = pressed && Math.abs(spot.x - pressed.x) <= STILL_PX && Math.abs(spot.y - pressed.y) <= STILL_PX;
    pressed = null;
    if (still) clicked(spot);
  });
  element.addEventListener('pointermove', (event) => {
    if (event.buttons === 0) element.style.cursor = over(spotOf(event)) ? 'pointer' : '';
  });
}
