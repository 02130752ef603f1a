package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func (h *languageHost) About(ctx context.Context, req *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	cmd := h.command(ctx, req.GetInfo().GetProgramDirectory(), "node", "--version")
	version, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	return &pulumirpc.AboutResponse{Executable: cmd.Path, Version: strings.TrimSpace(string(version))}, nil
}

// GetProgramDependencies lists what npm installed: all of it, or what package.json asks for.
func (h *languageHost) GetProgramDependencies(
	_ context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	folder := req.GetInfo().GetProgramDirectory()
	var asked struct{ Dependencies, DevDependencies map[string]string }
	if err := readJSON(filepath.Join(folder, "package.json"), &asked); err != nil {
		return nil, err
	}
	var installed struct {
		Packages map[string]struct{ Version string }
	}
	if err := readJSON(filepath.Join(folder, "node_modules", ".package-lock.json"), &installed); err != nil {
		return nil, err
	}

	var found []*pulumirpc.DependencyInfo
	for path, pkg := range installed.Packages {
		name := strings.TrimPrefix(path, "node_modules/")
		_, direct := asked.Dependencies[name]
		_, dev := asked.DevDependencies[name]
		if direct || dev || req.GetTransitiveDependencies() {
			found = append(found, &pulumirpc.DependencyInfo{Name: name, Version: pkg.Version})
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].GetName() < found[j].GetName() })
	return &pulumirpc.GetProgramDependenciesResponse{Dependencies: found}, nil
}

func (h *languageHost) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	cmd := exec.CommandContext(stream.Context(), "npm", "install")
	cmd.Dir = req.GetInfo().GetProgramDirectory()
	// One writer for both, so that exec never sends on the stream from two goroutines.
	output := streamWriter{stream}
	cmd.Stdout, cmd.Stderr = output, output
	return cmd.Run()
}

type streamWriter struct {
	stream pulumirpc.LanguageRuntime_InstallDependenciesServer
}

func (w streamWriter) Write(text []byte) (int, error) {
	return len(text), w.stream.Send(&pulumirpc.InstallDependenciesResponse{Stdout: text})
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
