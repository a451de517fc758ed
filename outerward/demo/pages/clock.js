const face = document.querySelector("time");
const line = new WebSocket(location.origin.replace("http", "ws") + "/ticks");
line.onmessage = ({ data }) => {
  face.dateTime = data;
  face.textContent = data.slice(11, 19);
};
line.onclose = ({ code }) => {
  document.getElementById("ticking").hidden = true;
  document.getElementById("stopped").hidden = false;
  document.getElementById("stopped").dataset.code = code;
};
