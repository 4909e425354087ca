import { Help } from 'commander';

const WIDTH = 80;
/** The longest term beside which a description has room. */
const LONGEST_TERM = 32;

/** Help of at most 80 columns. Where a term is long, all descriptions stand below their terms. */
export const HELP_LAYOUT: Partial<Help> = {
  helpWidth: Math.min(WIDTH, process.stdout.columns ?? WIDTH),
  formatItem(this: Help, term, termWidth, description, helper) {
    if (termWidth <= LONGEST_TERM || description === '') {
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
    }
    const lines = helper.boxWrap(description, (this.helpWidth ?? WIDTH) - BELOW.length).split('\n');
    return [`  ${term}`, ...lines.map((line) => `${BELOW}${line}`)].join('\n');
  },
};

const BELOW = ' '.repeat(6);
