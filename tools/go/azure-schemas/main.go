// Serves the schemas of a Terraform provider, and nothing else: enough for `terraform validate` on a machine that
// cannot have the provider itself.
//
//	terraform-provider-NAME + NAME.json beside it  -->  plugin protocol 6
//
// NAME.json: {"provider": block, "resources": {type: block}, "data": {type: block}}, where a block has attrs
// {name: {type, required, computed}} and blocks {name: {min, max, single, block}}. A type is "string", "bool",
// "number", ["list"|"set"|"map", element] or "dynamic".
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type attribute struct {
	Type               any
	Required, Computed bool
}

type nestedBlock struct {
	Min, Max int64
	Single   bool
	Block    block
}

type block struct {
	Attrs  map[string]attribute
	Blocks map[string]nestedBlock
}

type schemas struct {
	Provider        block
	Resources, Data map[string]block
}

func typeOf(value any) tftypes.Type {
	switch value := value.(type) {
	case string:
		switch value {
		case "string":
			return tftypes.String
		case "bool":
			return tftypes.Bool
		case "number":
			return tftypes.Number
		}
	case []any:
		switch element := typeOf(value[1]); value[0] {
		case "list":
			return tftypes.List{ElementType: element}
		case "set":
			return tftypes.Set{ElementType: element}
		case "map":
			return tftypes.Map{ElementType: element}
		}
	}
	return tftypes.DynamicPseudoType
}

// In a resource every attribute that is not required may be filled in by the provider.
func schemaBlock(from block, ofResource bool) *tfprotov6.SchemaBlock {
	result := &tfprotov6.SchemaBlock{}
	for name, attribute := range from.Attrs {
		result.Attributes = append(result.Attributes, &tfprotov6.SchemaAttribute{
			Name:     name,
			Type:     typeOf(attribute.Type),
			Required: attribute.Required,
			Computed: !attribute.Required && ofResource,
			Optional: !attribute.Required && !attribute.Computed,
		})
	}
	for name, nested := range from.Blocks {
		made := &tfprotov6.SchemaNestedBlock{
			TypeName: name,
			Block:    schemaBlock(nested.Block, false),
			Nesting:  tfprotov6.SchemaNestedBlockNestingModeList,
			MinItems: nested.Min,
			MaxItems: nested.Max,
		}
		if nested.Single {
			made.Nesting, made.MinItems, made.MaxItems = tfprotov6.SchemaNestedBlockNestingModeSingle, 0, 0
		}
		result.BlockTypes = append(result.BlockTypes, made)
	}
	return result
}

// What validate does not call is left to the embedded nil.
type server struct {
	tfprotov6.ProviderServer
	answer *tfprotov6.GetProviderSchemaResponse
}

func (s *server) GetMetadata(context.Context, *tfprotov6.GetMetadataRequest) (
	*tfprotov6.GetMetadataResponse, error) {
	return &tfprotov6.GetMetadataResponse{ServerCapabilities: s.answer.ServerCapabilities}, nil
}

func (s *server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (
	*tfprotov6.GetProviderSchemaResponse, error) {
	return s.answer, nil
}

func (s *server) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (
	*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return &tfprotov6.GetResourceIdentitySchemasResponse{}, nil
}

func (s *server) ValidateProviderConfig(_ context.Context, request *tfprotov6.ValidateProviderConfigRequest) (
	*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{PreparedConfig: request.Config}, nil
}

func (s *server) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (
	*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (s *server) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (
	*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (s *server) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (
	*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func answerOf(from schemas) *tfprotov6.GetProviderSchemaResponse {
	answer := &tfprotov6.GetProviderSchemaResponse{
		ServerCapabilities: &tfprotov6.ServerCapabilities{},
		Provider:           &tfprotov6.Schema{Block: schemaBlock(from.Provider, false)},
		ResourceSchemas:    map[string]*tfprotov6.Schema{},
		DataSourceSchemas:  map[string]*tfprotov6.Schema{},
	}
	for name, resource := range from.Resources {
		answer.ResourceSchemas[name] = &tfprotov6.Schema{Block: schemaBlock(resource, true)}
	}
	for name, data := range from.Data {
		answer.DataSourceSchemas[name] = &tfprotov6.Schema{Block: schemaBlock(data, true)}
	}
	return answer
}

func run() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(program), "terraform-provider-"), "_")
	text, err := os.ReadFile(filepath.Join(filepath.Dir(program), name+".json"))
	if err != nil {
		return err
	}
	var from schemas
	if err := json.Unmarshal(text, &from); err != nil {
		return err
	}
	served := &server{answer: answerOf(from)}
	return tf6server.Serve("hashicorp/"+name,
		func() tfprotov6.ProviderServer { return served })
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
