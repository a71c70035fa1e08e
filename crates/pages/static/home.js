// Shows times in the visitor's own zone, and whether a list of groups goes on below.
(function () {
  "use strict";

  document.querySelectorAll("time[datetime]").forEach(function (element) {
    var date = new Date(element.getAttribute("datetime"));
    if (!isNaN(date.getTime())) {
      element.textContent = date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  });

  var groups = document.querySelector(".dex-groups");
  if (!groups) {
    return;
  }
  function mark() {
    var more = groups.scrollTop + groups.clientHeight < groups.scrollHeight - 1;
    groups.classList.toggle("dex-groups--clipped", more);
  }
  mark();
  groups.addEventListener("scroll", mark, { passive: true });
  window.addEventListener("resize", mark, { passive: true });
})();
