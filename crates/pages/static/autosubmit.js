// Sends on a form that the user need not look at; its button does the same without this file.
(function () {
  "use strict";

  var form = document.querySelector("form[data-autosubmit]");
  if (form) {
    form.submit();
  }
})();
