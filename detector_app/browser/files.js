/** Files by every way in which a person gives them: chosen by a button, dropped, pasted. */

/**
 * @param {HTMLElement} button @param {HTMLInputElement} input @param {(files: File[]) => void} onFiles
 */
export function receiveFiles(button, input, onFiles) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => onFiles(takeFiles(input)));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    onFiles([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => onFiles([...event.clipboardData.files]));
}

/** The same file can be chosen again afterwards. */
function takeFiles(input) {
  const files = [...input.files];
  input.value = "";
  return files;
}
