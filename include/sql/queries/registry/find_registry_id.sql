select registry.registry_id from core.registry
