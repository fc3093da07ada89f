// Changes source maps along with the code that they belong to.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** A number in a mapping: all digits but the last have a continuation bit. */
const NUMBER = '[g-z\\d+/]*[A-Za-f]';

/** Removes the fifth number of each mapping, a variable name, which Node would take for the name of the function. */
export function withoutVariables(map) {
  const fifth = new RegExp(`((?:${NUMBER}){4})${NUMBER}`, 'g');
  return { ...map, names: [], mappings: map.mappings.replace(fifth, '$1') };
}

/** The code with `from` replaced by `to`, and its map with the columns adjusted. */
export function replaced(code, map, from, to) {
  const lines = code.split('\n');
  const mappings = map.mappings.split(';').map((line, index) => {
    const shift = shifts(lines[index], from, to);
    let [before, after] = [0, 0];
    return line.replace(new RegExp(`(?<=^|,)${NUMBER}`, 'g'), (delta) => {
      before += decoded(delta);
      const column = before + shift(before);
      const changed = encoded(column - after);
      after = column;
      return changed;
    });
  });
  return [code.replaceAll(from, to), { ...map, mappings: mappings.join(';') }];
}

/** How far a column moves; must be called with ascending columns. */
function shifts(line, from, to) {
  let [shift, next] = [0, line.indexOf(from)];
  return (column) => {
    while (next >= 0 && next < column) {
      shift += to.length - from.length;
      next = line.indexOf(from, next + from.length);
    }
    return shift;
  };
}

function decoded(digits) {
  const bits = [...digits].reduceRight((sum, digit) => sum * 32 + (DIGITS.indexOf(digit) % 32), 0);
  return bits % 2 === 1 ? -(bits - 1) / 2 : bits / 2;
}

function encoded(number) {
  let bits = number < 0 ? -2 * number + 1 : 2 * number;
  let digits = '';
  for (; bits >= 32; bits = Math.floor(bits / 32)) digits += DIGITS[32 + (bits % 32)];
  return digits + DIGITS[bits];
}
