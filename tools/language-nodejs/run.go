package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// alreadyReported is the exit code with which the runner says that the user has seen why it failed.
const alreadyReported = 32

func (h *languageHost) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	folder := req.GetInfo().GetProgramDirectory()
	runner, err := h.command(ctx, folder, "node", "-p", "require.resolve('@pulumi/pulumi/cmd/run')").Output()
	if err != nil {
		return &pulumirpc.RunResponse{Error: notRunnable(err)}, nil
	}
	env, err := runnerEnv(req)
	if err != nil {
		return nil, err
	}
	cmd := h.command(ctx, folder, "node", h.runnerArgs(strings.TrimSpace(string(runner)), req)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdout, os.Stderr, env

	var exit *exec.ExitError
	switch err := cmd.Run(); {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == alreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with %v", err)}, nil
	}
}

func notRunnable(err error) string {
	if errors.Is(err, exec.ErrNotFound) {
		return "there is no node on the PATH: install Node.js"
	}
	return "the program has no @pulumi/pulumi: run npm ci"
}

func (h *languageHost) runnerArgs(runner string, req *pulumirpc.RunRequest) []string {
	info := req.GetInfo()
	var args []string
	if nodeArgs, ok := info.GetOptions().AsMap()["nodeargs"].(string); ok {
		args = strings.Fields(nodeArgs)
	}
	args = append(args, runner,
		"--monitor", req.GetMonitorAddress(),
		"--engine", h.engine,
		"--organization", req.GetOrganization(),
		"--project", req.GetProject(),
		"--stack", req.GetStack(),
		"--root-directory", info.GetRootDirectory(),
		"--pwd", info.GetProgramDirectory(),
		"--parallel", strconv.Itoa(int(req.GetParallel())),
	)
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	return append(append(args, info.GetEntryPoint()), req.GetArgs()...)
}

func runnerEnv(req *pulumirpc.RunRequest) ([]string, error) {
	// A stack without config has an empty one: the SDK takes what it reads as it is.
	config, secretKeys := map[string]string{}, []string{}
	if given := req.GetConfig(); given != nil {
		config = given
	}
	if given := req.GetConfigSecretKeys(); given != nil {
		secretKeys = given
	}
	configText, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	keysText, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "PULUMI_CONFIG="+string(configText), "PULUMI_CONFIG_SECRET_KEYS="+string(keysText))
	options := req.GetInfo().GetOptions().AsMap()
	// ts-node translates the program unless Pulumi.yaml says `typescript: false`.
	if option := options["typescript"]; option == nil || option == true {
		env = append(env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if path, ok := options["tsconfig"].(string); ok {
		env = append(env, "PULUMI_NODEJS_TSCONFIG_PATH="+path)
	}
	return env, nil
}
