// pulumi-resource-docker serves the resources of @pulumi/docker from the Terraform provider behind it.
// Its module path lets it import that provider's internal package.
package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// version is set by the linker: the version of @pulumi/docker that this plugin stands in for.
var version = "0.0.0"

func main() {
	info := tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(provider.New(version)()),
		Name:    "docker",
		Version: version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config": {Tok: token("ServiceConfig")},
			"docker_container": {
				Tok: token("Container"),
				// The names and addresses of the old container are needed for the new one.
				DeleteBeforeReplace: true,
				// Named by hand where the bridge would use a plural.
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			// An image is looked up by its name: it must not get a suffix like the others.
			"docker_image":   {Tok: token("RemoteImage"), Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}},
			"docker_network": {Tok: token("Network")},
			"docker_secret":  {Tok: token("Secret")},
			"docker_service": {Tok: token("Service")},
			"docker_volume":  {Tok: token("Volume")},
		},
		IgnoreMappings: []string{
			"docker_buildx_builder", "docker_compose", "docker_plugin", "docker_registry_image", "docker_tag",
		},
	}
	info.SetAutonaming(255, "-")
	tfbridge.Main("docker", version, info, []byte(`{"name":"docker","version":"`+version+`"}`))
}

// token is the type under which @pulumi/docker registers a resource, such as docker:index/container:Container.
func token(name string) tokens.Type {
	return tokens.Type("docker:index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name)
}
