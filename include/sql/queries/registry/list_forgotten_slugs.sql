select forgotten_city.slug from core.forgotten_city
