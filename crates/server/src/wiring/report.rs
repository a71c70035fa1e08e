//! What the log says of the configuration (config spec, 10).

use dex_config::{Config, LogFormat};

use crate::logging::{Format, Level, Settings};

/// The logger under this configuration.
pub fn log_settings(config: &Config) -> Settings {
    Settings {
        level: Level::of(config.logger.level.0),
        format: match config.logger.format {
            LogFormat::Text => Format::Text,
            LogFormat::Json => Format::Json,
        },
        exclude_fields: config.logger.exclude_fields.clone(),
    }
}

/// The records that Dex writes at its start, and the warnings of the configuration.
pub fn config_records(config: &Config) {
    for warning in &config.warnings {
        match (warning.use_instead, &warning.current_value) {
            (Some(use_instead), Some(current_value)) => {
                tracing::warn!(use_instead, current_value = %current_value, deprecated = true, "{warning}");
            }
            _ => tracing::warn!("{warning}"),
        }
    }
    tracing::info!(issuer = %config.issuer, "config issuer");
    tracing::info!(storage_type = config.storage.kind(), "config storage");
    for client in &config.static_clients {
        tracing::info!(client_name = %client.name, "config static client");
    }
    for connector in &config.connectors {
        tracing::info!(connector_id = %connector.id, "config connector");
    }
    if config.enable_password_db {
        tracing::info!("config connector: local passwords enabled");
    }
    let response_types: Vec<&str> = config.oauth2.response_types.iter().map(|kind| kind.as_str()).collect();
    tracing::info!(response_types = ?response_types, "config response types accepted");
    if config.oauth2.skip_approval_screen {
        tracing::info!("config skipping approval screen");
    }
    if let Some(password_connector) = &config.oauth2.password_connector {
        tracing::info!(password_connector = %password_connector, "config using password grant connector");
    }
    if !config.web.allowed_origins.is_empty() {
        tracing::info!(origins = ?config.web.allowed_origins, "config allowed origins");
    }
    tracing::info!(valid_for = ?config.expiry.id_tokens, "config id tokens");
    tracing::info!(enabled = config.expiry.refresh_tokens.rotation, "config refresh tokens rotation");
}
