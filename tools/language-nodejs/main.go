// pulumi-language-nodejs lets the Pulumi CLI run Node.js programs: it starts the runner inside @pulumi/pulumi and
// answers what `pulumi up`, `preview`, `refresh`, `destroy`, `about` and `install` ask of a language.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine  string
	stopped context.Context // done when the CLI no longer wants this host
	stop    context.CancelFunc
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	// The CLI puts its plugins into process groups of their own and ends them with an interrupt.
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	host := &languageHost{engine: engineArgument(os.Args[1:]), stopped: stopped, stop: stop}
	if host.engine != "" {
		// A CLI that was killed ends nobody: notice that it is gone.
		if err := rpcutil.Healthcheck(stopped, host.engine, 30*time.Second, stop); err != nil {
			return err
		}
	}

	cancel := make(chan bool)
	context.AfterFunc(stopped, func() { close(cancel) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port) // how the CLI learns where to connect
	return <-handle.Done
}

// engineArgument is the engine's address, which the CLI passes after any flags.
func engineArgument(args []string) string {
	if len(args) == 0 || strings.HasPrefix(args[len(args)-1], "-") {
		return ""
	}
	return args[len(args)-1]
}

func (h *languageHost) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine = req.GetEngineAddress()
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *languageHost) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.stop()
	return &emptypb.Empty{}, nil
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// The engine loads a plugin when a resource first needs it, so none has to be named beforehand.

func (h *languageHost) GetRequiredPackages(
	context.Context, *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *languageHost) GetRequiredPlugins(
	context.Context, *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	return &pulumirpc.GetRequiredPluginsResponse{}, nil
}

// command prepares a program that runs in the folder, found in its node_modules/.bin before the PATH, as npx does:
// a project may bring a newer Node than the machine has. The command ends with the request or the host.
func (h *languageHost) command(ctx context.Context, folder, name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithCancel(ctx)
	context.AfterFunc(h.stopped, cancel)
	if local := filepath.Join(folder, "node_modules", ".bin", name); isFile(local) {
		name = local
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	return cmd
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
