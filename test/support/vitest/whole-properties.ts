import { configureGlobal } from 'fast-check';

// By default `fc.array(step, { maxLength: 60 })` makes at most 10 items. Properties play what they name.
configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
