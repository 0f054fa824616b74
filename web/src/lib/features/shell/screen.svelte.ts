// The design's breakpoints as booleans, for the few places where layout is not a matter of CSS alone.
import { MediaQuery } from 'svelte/reactivity';

const phone = new MediaQuery('(max-width: 599.9px)');
const tabbed = new MediaQuery('(max-width: 899.9px)');
const panel = new MediaQuery('(min-width: 1200px)');

export const screen = {
  get phone() {
    return phone.current;
  },
  get tabbed() {
    return tabbed.current;
  },
  get panel() {
    return panel.current;
  }
};
