/** Read rows of pixels from what a browser can draw, in strips, so that a large photo fits into memory. */

let canvas = null;

/**
 * @param {CanvasImageSource & {width: number, height: number}} picture
 * @returns {import("./letterbox.js").RowReader} transparency lies on white, as on the server
 */
export function readerOf(picture) {
  return (first, count) => {
    // One canvas for all frames of a film: another one each time would cost more than the drawing.
    if (canvas?.width !== picture.width || canvas.height < count) {
      canvas = new OffscreenCanvas(picture.width, count);
    }
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, picture.width, count);
    context.drawImage(picture, 0, -first);
    return context.getImageData(0, 0, picture.width, count).data;
  };
}
