// A first look at a photo, before it is sent: is it too dark, is it blurred? A hint, never a refusal.

const SIDE = 192;
/** Mean brightness (0 to 255) under which a tongue shows no coating. */
const DARK = 60;
/** Variance of the Laplacian on a 192 px picture under which edges are gone. */
const BLURRED = 45;

/** @typedef {{url: string, dark: boolean, blurred: boolean}} Seen */

/**
 * @param {File} file
 * @returns {Promise<Seen>} `url` is an object URL of the picture; rejects when the browser cannot draw it
 */
export function look(file) {
  return new Promise((resolve, reject) => {
    if (!file.type.startsWith('image/')) {
      reject(new TypeError('not a picture'));
      return;
    }
    const url = URL.createObjectURL(file);
    const image = new Image();
    image.addEventListener('load', () => resolve({ url, ...judge(image) }));
    image.addEventListener('error', () => {
      URL.revokeObjectURL(url);
      reject(new TypeError('not drawable here')); // HEIC outside Safari
    });
    image.src = url;
  });
}

/** @param {HTMLImageElement} image */
function judge(image) {
  const scale = SIDE / Math.max(image.naturalWidth, image.naturalHeight, 1);
  const width = Math.max(3, Math.round(image.naturalWidth * scale));
  const height = Math.max(3, Math.round(image.naturalHeight * scale));
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return { dark: false, blurred: false };
  context.drawImage(image, 0, 0, width, height);
  const grey = luminance(context.getImageData(0, 0, width, height).data);
  return { dark: mean(grey) < DARK, blurred: sharpness(grey, width, height) < BLURRED };
}

/** @param {Uint8ClampedArray} rgba @returns {Float32Array} one value a pixel, 0 to 255 */
export function luminance(rgba) {
  const grey = new Float32Array(rgba.length / 4);
  for (let i = 0; i < grey.length; i += 1) {
    grey[i] = 0.299 * rgba[i * 4] + 0.587 * rgba[i * 4 + 1] + 0.114 * rgba[i * 4 + 2];
  }
  return grey;
}

/** @param {Float32Array} values */
export function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / (values.length || 1);
}

/**
 * Variance of the four-neighbour Laplacian.
 * @param {Float32Array} grey @param {number} width @param {number} height
 */
export function sharpness(grey, width, height) {
  const edges = new Float32Array((width - 2) * (height - 2));
  let at = 0;
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const i = y * width + x;
      edges[at] = grey[i - 1] + grey[i + 1] + grey[i - width] + grey[i + width] - 4 * grey[i];
      at += 1;
    }
  }
  const centre = mean(edges);
  let sum = 0;
  for (const edge of edges) sum += (edge - centre) ** 2;
  return sum / (edges.length || 1);
}
