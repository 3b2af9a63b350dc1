//! The names of users.

/// First names.
#[rustfmt::skip]
pub(crate) const FIRST_NAMES: &[&str] = &[
    "Aaliyah", "Abena", "Ada", "Adam", "Adrian", "Agnes", "Ahmed", "Aiko", "Alan", "Alba", "Alejandro", "Alice",
    "Amara", "Amelia", "Amina", "Amit", "Ana", "Anders", "Andrea", "Anika", "Anton", "Anya", "Arjun", "Arthur",
    "Asha", "Astrid", "Aurora", "Ayumi", "Barbara", "Beatriz", "Ben", "Bianca", "Bjarne", "Bogdan", "Boris", "Bruno",
    "Camila", "Carl", "Carmen", "Chen", "Chiara", "Chidi", "Chloe", "Clara", "Claude", "Clemens", "Cora", "Dalia",
    "Dana", "Daniel", "Daria", "David", "Deepa", "Denise", "Diego", "Dmitri", "Donald", "Dorothy", "Edith", "Edsger",
    "Eduardo", "Ela", "Elena", "Eli", "Elif", "Emil", "Emma", "Emmy", "Erik", "Esther", "Ethan", "Eva",
    "Fabian", "Farah", "Fatima", "Felix", "Fernanda", "Finn", "Flora", "Frances", "Frida", "Gabriel", "Giorgia", "Giulia",
    "Grace", "Greta", "Guido", "Hana", "Hannah", "Haruki", "Hassan", "Hedy", "Helena", "Henrik", "Hiroshi", "Hugo",
    "Ibrahim", "Ida", "Igor", "Imani", "Inés", "Ingrid", "Irene", "Isaac", "Isabel", "Ivan", "Jakob", "Jamal",
    "Jan", "Jasmin", "Javier", "Jean", "Jin", "Joana", "John", "Jonas", "Jorge", "José", "Julia", "Kaito",
    "Karim", "Karla", "Katherine", "Keiko", "Ken", "Kofi", "Kwame", "Lara", "Lars", "Laura", "Leila", "Lena",
    "Leo", "Leslie", "Lin", "Linus", "Lucas", "Lucia", "Luis", "Magnus", "Malik", "Marek", "Margaret", "Maria",
    "Marta", "Maryam", "Mateo", "Max", "Mei", "Mia", "Miguel", "Mina", "Mohamed", "Nadia", "Naoko", "Natalia",
    "Niklaus", "Nina", "Noah", "Noor", "Olga", "Oliver", "Omar", "Oscar", "Pablo", "Patricia", "Paula", "Pavel",
    "Peter", "Petra", "Priya", "Radia", "Rafael", "Rania", "Rasmus", "Ravi", "Rosa", "Ruben", "Ruth", "Sakura",
    "Samir", "Sara", "Sebastian", "Selma", "Shira", "Simon", "Sofia", "Sophie", "Stefan", "Sven", "Tarek", "Teresa",
    "Theo", "Thomas", "Tomas", "Ulla", "Uma", "Valeria", "Vera", "Victor", "Viola", "Wanda", "Wei", "Yara",
    "Yasmin", "Youssef", "Yuki", "Yusuf", "Zahra", "Zoe",
];

/// Surnames. There are a hundred, so that one in a hundred users has each.
#[rustfmt::skip]
pub(crate) const LAST_NAMES: &[&str] = &[
    "Abadi", "Achterberg", "Adeyemi", "Allen", "Andersson", "Babbage", "Backus", "Bergmann", "Bianchi", "Boole",
    "Borg", "Brandt", "Campbell", "Castillo", "Cerf", "Chaudhry", "Church", "Codd", "Costa", "Curry",
    "Dahl", "Delgado", "Dijkstra", "Dubois", "Eckert", "Edwards", "Engelbart", "Eriksen", "Farouk", "Fernandez",
    "Feigenbaum", "Fischer", "Floyd", "Fontaine", "Garcia", "Goldberg", "Gosling", "Gupta", "Hamilton", "Hamming",
    "Hansen", "Haddad", "Hoare", "Hopper", "Huffman", "Ivanova", "Iverson", "Jansen", "Johansson", "Kahan",
    "Kahn", "Karp", "Kernighan", "Kimura", "Knuth", "Kowalski", "Lamport", "Larsen", "Leroy", "Liskov",
    "Lovelace", "Mahmoud", "Martinez", "McCarthy", "Milner", "Minsky", "Moreau", "Nakamura", "Naur", "Newell",
    "Novak", "Nygaard", "Okafor", "Oliveira", "Ousterhout", "Papadopoulos", "Perlis", "Perlman", "Petrov", "Rabin",
    "Ramanujan", "Ritchie", "Rivest", "Rossi", "Sato", "Schneider", "Shamir", "Shannon", "Stallman", "Stroustrup",
    "Tanaka", "Tarjan", "Thompson", "Torvalds", "Turing", "Valiant", "Wilkes", "Wirth", "Yamamoto", "Zuse",
];

/// Where their mail arrives; reserved by RFC 2606, so that none ever does.
pub(crate) const DOMAINS: &[&str] = &["example.com", "example.net", "example.org"];
