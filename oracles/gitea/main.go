// A Gitea for tests: the program of the Gitea project as it is, built from its published module.
package main

import (
	"os"

	"code.gitea.io/gitea/cmd"
	"code.gitea.io/gitea/modules/setting"
)

func main() {
	setting.AppVer = "1.26.0"
	app := cmd.NewMainApp(cmd.AppVersion{Version: setting.AppVer})
	if cmd.RunMainApp(app, os.Args...) != nil {
		os.Exit(1)
	}
}
